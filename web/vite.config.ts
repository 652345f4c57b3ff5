import { fileURLToPath } from "node:url";
import { build, defineConfig, type Plugin } from "vite";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Container queries and constructable style sheets are what sets these versions. */
const target = ["chrome105", "firefox110", "safari16.4"];

/** After the page, the stand-alone `vedette-player.js` into the same folder; hls.js, which it loads when it must, is the page's. */
function standAlonePlayer(): Plugin {
	let outDir = "";
	let hls = "";
	return {
		name: "stand-alone-player",
		apply: "build",
		configResolved: (config) => {
			outDir = config.build.outDir;
		},
		generateBundle: (_, bundle) => {
			hls = Object.keys(bundle).find((name) => name.startsWith("assets/hls")) ?? "";
		},
		closeBundle: {
			sequential: true,
			handler: async () => {
				await build({
					configFile: false,
					root: at("."),
					publicDir: false,
					logLevel: "warn",
					build: {
						target,
						outDir,
						emptyOutDir: false,
						// A library for other bundlers would keep its white space; this file is for browsers.
						rolldownOptions: { external: ["hls.js"], output: { minify: true, paths: { "hls.js": `./${hls}` } } },
						lib: { entry: at("embed.ts"), formats: ["es"], fileName: () => "vedette-player.js" },
					},
				});
			},
		},
	};
}

/** `vite build web` writes `dist/web`: `index.html`, `assets/` and `vedette-player.js`. */
export default defineConfig({
	root: at("."),
	base: "/",
	publicDir: false,
	// Without what live streams have no use for: other languages, subtitles, advertisements.
	resolve: { alias: { "hls.js": "hls.js/light" } },
	plugins: [standAlonePlayer()],
	build: {
		target,
		outDir: at("../dist/web"),
		emptyOutDir: true,
		assetsInlineLimit: 0,
		modulePreload: false,
	},
});
