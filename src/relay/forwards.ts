import { settingsOf } from "../config/path-settings.ts";
import type { RelayConfig } from "../config/relay-schema.ts";
import type { ForwardWay } from "../hub/forwarding.ts";
import type { Hub } from "../hub/hub.ts";
import type { Path } from "../hub/path.ts";
import { type PathName, parsePathName } from "../media/path-name.ts";
import type { Log } from "../observe/log.ts";
import { type Metrics, summed } from "../observe/metrics.ts";
import { forwardWay as rtmp } from "../protocols/rtmp/forward.ts";
import { forwardWay as rtsp } from "../protocols/rtsp/forward.ts";
import { forwardWay as srt } from "../protocols/srt/forward.ts";
import { forwardWay as whip } from "../protocols/webrtc/forward.ts";
import { Forward } from "./forward.ts";

/** By the scheme of the address. */
const ways: Readonly<Record<string, ForwardWay>> = {
	...{ rtsp, rtsps: rtsp, rtmp, rtmps: rtmp, srt },
	...{ whip, whips: whip, http: whip, https: whip },
};

type Label = "path" | "protocol" | "state";

/** Pushes paths on to other servers, as their settings say. */
export class Forwards implements AsyncDisposable {
	readonly #hub: Hub;
	readonly #paths: RelayConfig["paths"];
	readonly #log: Log;
	readonly #forwards = new Map<PathName, readonly Forward[]>();
	readonly #unlisten: () => void;
	/** What takes back that cameras are wanted. */
	readonly #wants: (() => void)[] = [];

	constructor(hub: Hub, paths: RelayConfig["paths"], log: Log) {
		this.#hub = hub;
		this.#paths = paths;
		this.#log = log;
		for (const key of Object.keys(paths)) {
			const path = key === "all_others" ? undefined : parsePathName(key);
			for (const { target } of path ? this.#of(path) : []) if (path && target.wake) this.#want(path);
		}
		this.#unlisten = hub.listen(({ path }) => this.#update(path));
	}

	/** All of a path, or of all paths, in the shape of MediaMTX's control API. */
	list(path?: string) {
		const chosen = [...this.#forwards].filter(([name]) => path === undefined || name === path);
		return chosen.flatMap(([, forwards]) => forwards.map((one, pos) => one.item(pos)));
	}

	/** Says how they are, for Prometheus. */
	describe(metrics: Metrics): void {
		const gauge = (name: string, help: string, labels: readonly Label[], value: (one: Forward) => number): void =>
			metrics.gauge({ name, help, labels }, () => summed(samples(this.#forwards.values(), labels, value)));
		gauge("vedette_forwards", "Addresses that paths are pushed on to: idle, forwarding or error.", ["state"], () => 1);
		const labels = ["path", "protocol", "state"] as const;
		gauge("forward_dests", "Addresses that paths are pushed on to (MediaMTX's name)", labels, () => 1);
		const bytes = "Bytes that were pushed on (MediaMTX's name)";
		gauge("forward_dests_outbound_bytes", bytes, labels, ({ outboundBytes }) => outboundBytes);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#unlisten();
		for (const leave of this.#wants) leave();
		await Promise.all([...this.#forwards.values()].flat().map((one) => one.close()));
	}

	#want(path: PathName): void {
		this.#wants.push(this.#hub.demand.want(path, { type: "forward", user: "", remoteAddress: "" }));
	}

	#of(path: PathName): readonly Forward[] {
		const known = this.#forwards.get(path);
		if (known) return known;
		const { forward } = settingsOf(this.#paths, path)?.settings ?? { forward: [] };
		const made = forward.flatMap((target) => {
			const way = ways[target.to.slice(0, target.to.indexOf(":"))];
			return way ? [new Forward(this.#hub, path, target, way, this.#log)] : [];
		});
		if (made.length > 0) this.#forwards.set(path, made);
		return made;
	}

	#update(path: Path): void {
		if (path.settings.forward.length === 0) return;
		const audience = path.stream?.audience ?? 0;
		const isThere = path.stream !== undefined && (path.publication !== undefined || audience > 0);
		const forwards = this.#of(path.name);
		const reason = isThere ? "nobody reads" : "the stream is over";
		for (const one of forwards) one.set(isThere && (one.target.when === "always" || audience > 0), reason);
		if (!isThere && !Object.hasOwn(this.#paths, path.name)) this.#forwards.delete(path.name);
	}
}

function* samples(forwards: Iterable<readonly Forward[]>, labels: readonly Label[], value: (one: Forward) => number) {
	for (const one of [...forwards].flat()) {
		yield { value: value(one), labels: Object.fromEntries(labels.map((label) => [label, one[label]])) };
	}
}
