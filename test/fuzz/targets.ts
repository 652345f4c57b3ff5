import type { Target } from "./target.ts";
import { containerTargets } from "./targets/containers.ts";
import { muxerTargets } from "./targets/muxers.ts";
import { packetTargets } from "./targets/packets.ts";
import { rtmpTargets } from "./targets/rtmp.ts";
import { streamTargets } from "./targets/stream.ts";
import { textTargets } from "./targets/text.ts";

/** All that is fuzzed, by name. */
export const targets: Readonly<Record<string, Target>> = {
	...textTargets,
	...rtmpTargets,
	...packetTargets,
	...containerTargets,
	...muxerTargets,
	...streamTargets,
};
