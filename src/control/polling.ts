import type { Driver, DriverReports, StartOrder } from "../hub/demand/driver.ts";
import type { Bounds } from "../hub/demand/wants.ts";
import type { Hub } from "../hub/hub.ts";
import { Refused } from "../hub/refused.ts";
import type { PathName } from "../media/path-name.ts";

/** What a robot that asks is told. */
export interface PolledOrder extends Bounds {
	readonly want: "start" | "stop";
	/** Changes with what is wanted. */
	readonly version: number;
}

/** A robot that has not asked for so long is gone. */
const GONE_MS = 60_000;
const MOST = 10_000;
/** So many questions about one camera are kept; the oldest is answered for one more. */
const MOST_WAITING = 8;

/** One camera whose robot asks what it ought to do. */
class PolledCamera implements Driver {
	order: PolledOrder = { want: "stop", version: 0 };
	readonly #reports: DriverReports;
	readonly #waiting = new Set<() => void>();
	#gone: NodeJS.Timeout | undefined;
	#isClosed = false;

	constructor(reports: DriverReports) {
		this.#reports = reports;
	}

	start({ bounds }: StartOrder): void {
		this.#change({ want: "start", ...bounds });
	}

	stop(): void {
		this.#change({ want: "stop" });
	}

	/** Whether its robot has not asked for long. */
	get isGone(): boolean {
		return this.#gone === undefined;
	}

	close(): void {
		this.#isClosed = true;
		clearTimeout(this.#gone);
		this.#wake();
	}

	/** It asks, and is there. */
	asked(): void {
		if (this.#isClosed) return;
		if (this.#gone === undefined) this.#reports.online();
		clearTimeout(this.#gone);
		this.#gone = setTimeout(() => {
			this.#gone = undefined;
			this.#reports.offline();
		}, GONE_MS);
	}

	/** How many questions are kept. */
	get waiting(): number {
		return this.#waiting.size;
	}

	/** Resolves when something else is wanted than `version`, after `ms`, or when nobody waits for it any more. */
	news(version: number, ms: number, gone: AbortSignal): Promise<void> {
		if (this.order.version !== version || gone.aborted || this.#isClosed) return Promise.resolve();
		const [oldest] = this.#waiting;
		if (this.#waiting.size >= MOST_WAITING) oldest?.();
		return new Promise((resolve) => {
			const done = (): void => {
				clearTimeout(timer);
				gone.removeEventListener("abort", done);
				this.#waiting.delete(done);
				resolve();
			};
			const timer = setTimeout(done, ms);
			gone.addEventListener("abort", done);
			this.#waiting.add(done);
		});
	}

	#change(order: Omit<PolledOrder, "version">): void {
		const { version, ...last } = this.order;
		if (JSON.stringify(last) === JSON.stringify(order)) return;
		this.order = { ...order, version: version + 1 };
		this.#wake();
	}

	#wake(): void {
		for (const done of [...this.#waiting]) done();
	}
}

/** The cameras whose robots ask what they ought to do instead of being told. */
export class Polling implements Disposable {
	readonly #hub: Hub;
	readonly #cameras = new Map<PathName, { readonly camera: PolledCamera; readonly leave: () => void }>();

	constructor(hub: Hub) {
		this.#hub = hub;
	}

	/** How many questions are kept. */
	get waiting(): number {
		return [...this.#cameras.values()].reduce((sum, { camera }) => sum + camera.waiting, 0);
	}

	/**
	 * What is wanted of a path's camera, as soon as that is something else than `known`, or after `waitMs`, or when `gone`
	 * aborts. Throws `Refused` where something else wakes the path, or too many are asked for.
	 */
	async ask(path: PathName, known: number | undefined, waitMs: number, gone: AbortSignal): Promise<PolledOrder> {
		const camera = this.#camera(path);
		camera.asked();
		if (known !== undefined) await camera.news(known, waitMs, gone);
		camera.asked();
		return camera.order;
	}

	[Symbol.dispose](): void {
		for (const { leave } of this.#cameras.values()) leave();
		this.#cameras.clear();
	}

	/** Makes room by the one that asked first of those that ask no more. */
	#forget(): void {
		const gone = [...this.#cameras].find(([, { camera }]) => camera.isGone);
		if (!gone) throw new Refused("full", `${MOST} cameras are asked for already`);
		this.#cameras.delete(gone[0]);
		gone[1].leave();
	}

	#camera(path: PathName): PolledCamera {
		const found = this.#cameras.get(path);
		if (found) return found.camera;
		if (this.#cameras.size >= MOST) this.#forget();
		let made: PolledCamera | undefined;
		const open = (reports: DriverReports): Driver => {
			made = new PolledCamera(reports);
			return made;
		};
		const leave = this.#hub.demand.drive(path, { kind: "robot", open });
		this.#cameras.set(path, { camera: made!, leave });
		return made!;
	}
}
