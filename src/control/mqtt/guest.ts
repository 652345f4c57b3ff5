import type { PublishPacket } from "aedes";
import type { Principal } from "../../access/access.ts";
import { parseRobotTopic } from "../../wire/robot-topics.ts";
import type { Retained } from "./retained.ts";
import { mayHear, mayPublish, maySubscribe, mustPass, type TopicPlan } from "./rights.ts";

/** Filters of one client: of a robot, and of one that looks at all of them. */
const MOST_FILTERS_OF_ROBOT = 300;
const MOST_FILTERS = 10_000;
const MOST_TOPIC_LENGTH = 1024;

/** A client that was let in to the relay's broker: what it may say, ask for and hear. */
export class Guest {
	readonly principal: Principal;
	readonly ip: string;
	readonly #plan: TopicPlan;
	/** What it has subscribed to. */
	readonly #filters = new Set<string>();

	constructor(principal: Principal, ip: string, plan: TopicPlan) {
		this.principal = principal;
		this.ip = ip;
		this.#plan = plan;
	}

	/** Undefined where the message may come; otherwise why not. Takes the mark of what is to be kept from what must pass. */
	whyNotPublish(message: PublishPacket, retained: Retained): string | undefined {
		const { topic, payload, properties = {} } = message;
		if (topic.length > MOST_TOPIC_LENGTH) return `a topic of more than ${MOST_TOPIC_LENGTH} characters`;
		if (!mayPublish(this.principal, this.#plan, topic)) return "not allowed";
		if (mustPass(this.#plan, topic)) message.retain = false;
		if (!message.retain) return undefined;
		const bytes = payload.length === 0 ? 0 : payload.length + topic.length + JSON.stringify(properties).length;
		// Many robots may come as one user: each has room of its own.
		const robot = parseRobotTopic(this.#plan.prefix, topic)?.robot;
		return retained.keep(robot === undefined ? this.principal.identity : `robot ${robot}`, topic, bytes);
	}

	/** False where it may not ask for that, or has asked for too much. */
	subscribe(filter: string): boolean {
		if (filter.length > MOST_TOPIC_LENGTH || !maySubscribe(this.principal, this.#plan, filter)) return false;
		const seesAll = this.principal.may("control") || this.principal.may("api");
		const most = seesAll ? MOST_FILTERS : MOST_FILTERS_OF_ROBOT;
		if (this.#filters.size >= most && !this.#filters.has(filter)) return false;
		this.#filters.add(filter);
		return true;
	}

	unsubscribe(filters: readonly string[]): void {
		for (const filter of filters) this.#filters.delete(filter);
	}

	mayHear(topic: string): boolean {
		return mayHear(this.principal, this.#plan, topic);
	}
}
