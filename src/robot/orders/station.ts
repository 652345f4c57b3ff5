import type { Frame } from "../../media/frame.ts";
import type { Bounds, Order, StateReport, Stats, StreamState } from "../../wire/robot-messages.ts";
import type { Camera } from "../camera.ts";
import type { Tally } from "../publish/publishing.ts";
import { Answers } from "./answers.ts";
import type { Desk } from "./desk.ts";
import type { Wish } from "./wish.ts";

/** What a station needs of its camera. */
type Driven = Pick<Camera, "name" | "tally" | "keyFrame" | "start" | "stop" | "setBounds" | "requestKeyFrame">;

/** What a station is made of. */
export interface StationOptions {
	readonly camera: Driven;
	readonly wish: Wish;
	readonly desk: Desk;
	/** There is something new to report. */
	onChange(station: Station): void;
}

/** One camera with everything that decides whether it runs: carries out its wish, and can say how it stands. */
export class Station {
	readonly #options: StationOptions;
	readonly #answers = new Answers();
	#order: string | undefined;
	#reason = "";
	#state: StreamState = "idle";
	#timer: NodeJS.Timeout | undefined;
	#counted: { readonly at: number; readonly tally: Tally };

	constructor(options: StationOptions) {
		this.#options = options;
		this.#counted = { at: performance.now(), tally: options.camera.tally };
	}

	get name(): string {
		return this.#options.camera.name;
	}

	get isLive(): boolean {
		return this.#state === "live";
	}

	get isAlwaysOn(): boolean {
		return this.#options.wish.isAlwaysOn;
	}

	/** The last one, for still pictures. */
	get keyFrame(): Frame | undefined {
		return this.#options.camera.keyFrame;
	}

	/** The camera's own news. */
	onState(state: StreamState, reason: string): void {
		this.#state = state;
		this.#reason = reason;
		this.#options.onChange(this);
	}

	/** Obeys an order, unless it is late or was obeyed before, and answers it in any case. */
	obey(order: Order): void {
		const { desk, camera } = this.#options;
		const judgement = desk.judge(this.name, order, performance.now());
		if (judgement !== "late") {
			this.#order = order.id;
			this.#answers.add(order.id);
		}
		if (judgement !== "obey") this.#options.onChange(this);
		else if (order.do === "keyframe") {
			camera.requestKeyFrame();
			this.#options.onChange(this);
		} else this.want(order.do === "start", order);
	}

	/** Somebody who may wants it to run or not. */
	want(run: boolean, { maxBitrate, minBitrate }: Bounds = {}): void {
		const bounded = maxBitrate !== undefined || minBitrate !== undefined;
		this.#options.wish.order(run);
		this.settle();
		if (run && bounded) {
			const bounds = {
				...(maxBitrate !== undefined && { maxBitrate }),
				...(minBitrate !== undefined && { minBitrate }),
			};
			this.#options.camera.setBounds(bounds);
		}
	}

	/** Something at the robot lets it run for so many seconds. */
	trigger(name: string, seconds: number): void {
		this.#options.wish.trigger(name, performance.now() + seconds * 1000);
		this.settle();
	}

	pause(paused: boolean): void {
		this.#options.wish.pause(paused);
		this.settle();
	}

	/** Whether the one who gives orders can be heard. */
	control(heard: boolean): void {
		this.#options.wish.control(heard, performance.now());
		this.settle();
	}

	/** Does what the wish says now, and looks again when it changes by itself. */
	settle(): void {
		const { wish, camera, onChange } = this.#options;
		const now = performance.now();
		const { run, reason } = wish.verdict(now);
		if (run) camera.start(reason);
		else void camera.stop(reason);
		onChange(this);
		clearTimeout(this.#timer);
		const at = wish.nextChange(now);
		if (Number.isFinite(at)) this.#timer = setTimeout(() => this.settle(), Math.max(1, at - now + 1));
	}

	report(session: string): StateReport {
		const { wish, desk } = this.#options;
		const now = performance.now();
		const { trigger, paused, reason } = wish.verdict(now);
		return {
			state: this.#state,
			session,
			...(this.#order !== undefined && { order: this.#order }),
			reason: this.#state === "error" ? this.#reason : reason,
			...(trigger && { trigger: { name: trigger.name, seconds: Math.ceil((trigger.until - now) / 1000) } }),
			...(paused && { paused }),
			...(desk.late > 0 && { late: desk.late }),
		};
	}

	/** Whether there are orders that no report has answered. */
	get owesAnswers(): boolean {
		return !this.#answers.isEmpty;
	}

	/** The report for whoever gave orders: it answers those that came since the last one. */
	answer(session: string): StateReport {
		const report = this.report(session);
		const orders = this.#answers.take();
		return orders.some((id) => id !== report.order) ? { ...report, orders } : report;
	}

	/** What left since the last call. */
	stats(temperature: number | undefined): Stats {
		const now = performance.now();
		const { tally } = this.#options.camera;
		const last = tally.frames < this.#counted.tally.frames ? { frames: 0, bytes: 0, dropped: 0 } : this.#counted.tally;
		const seconds = Math.max((now - this.#counted.at) / 1000, 0.001);
		this.#counted = { at: now, tally };
		return {
			bitrate: Math.round(((tally.bytes - last.bytes) * 8) / 1000 / seconds),
			fps: Math.round(((tally.frames - last.frames) / seconds) * 10) / 10,
			dropped: tally.dropped,
			...(temperature !== undefined && { temperature }),
		};
	}

	async stop(): Promise<void> {
		clearTimeout(this.#timer);
		await this.#options.camera.stop("the robot goes down");
	}
}
