import { readdirSync, readFileSync } from "node:fs";

const FOLDER = "/sys/class/thermal";

/** The hottest place of the machine that Linux knows, in degrees Celsius; undefined where it knows none. */
export function temperature(): number | undefined {
	try {
		const readings = readdirSync(FOLDER)
			.filter((name) => name.startsWith("thermal_zone"))
			.map((name) => Number(readFileSync(`${FOLDER}/${name}/temp`, "utf8")) / 1000)
			.filter((degrees) => degrees > 0 && degrees < 150);
		return readings.length === 0 ? undefined : Math.max(...readings);
	} catch {
		return undefined;
	}
}
