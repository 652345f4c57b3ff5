/** Builds the page and the stand-alone player into `dist/web`: `node web/build.ts`. */
import { fileURLToPath } from "node:url";
import { build } from "vite";

const configFile = fileURLToPath(new URL("vite.config.ts", import.meta.url));
for (const mode of ["production", "element"]) await build({ configFile, mode, logLevel: "warn" });
