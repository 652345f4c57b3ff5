import { fileURLToPath } from "node:url";
import { build, defineConfig, type Plugin } from "vite";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Container queries and constructable style sheets are what sets these versions. */
const target = ["chrome105", "firefox110", "safari16.4"];

/** After the page, the stand-alone `vedette-player.js` into the same folder: one file without further imports. */
function standAlonePlayer(): Plugin {
	let outDir = "";
	return {
		name: "stand-alone-player",
		apply: "build",
		configResolved: (config) => {
			outDir = config.build.outDir;
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
						rolldownOptions: { output: { minify: true } },
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
	plugins: [standAlonePlayer()],
	build: {
		target,
		outDir: at("../dist/web"),
		emptyOutDir: true,
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
	},
});
