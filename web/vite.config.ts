import { fileURLToPath } from "node:url";
import { defineConfig, type UserConfig } from "vite";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What both outputs share. Browsers: Chromium 105, Firefox 110, Safari 16.4 (container queries, constructable sheets). */
const common: UserConfig = {
	root: at("."),
	base: "/",
	publicDir: false,
	clearScreen: false,
};
const target = ["chrome105", "firefox110", "safari16.4"];

/**
 * Two outputs in `dist/web`: the page (`index.html`, `assets/`), and with `--mode element` the stand-alone
 * `vedette-player.js`, one file without further imports.
 */
export default defineConfig(({ mode }) =>
	mode === "element"
		? {
				...common,
				build: {
					target,
					outDir: at("../dist/web"),
					emptyOutDir: false,
					lib: { entry: at("embed.ts"), formats: ["es"], fileName: () => "vedette-player.js" },
				},
			}
		: {
				...common,
				build: {
					target,
					outDir: at("../dist/web"),
					emptyOutDir: true,
					assetsInlineLimit: 0,
					modulePreload: { polyfill: false },
				},
			},
);
