import { type MosquittoClient, mosquittoClient, startMosquitto } from "./mosquitto.ts";
import { startTestRelay, type TestRelay } from "./relay.ts";

/** A relay and the broker that it takes orders from. */
export interface BrokerScene {
	readonly relay: TestRelay;
	/** The broker's address, with user and password where it asks for them. */
	readonly url: string;
	/** Somebody who may publish and hear everything there. */
	readonly client: MosquittoClient;
}

/** A broker of its own, or another one. */
export interface BrokerWay {
	readonly name: string;
	/** Starts both. `settings` as in vedette.yml. */
	readonly open: (parts: AsyncDisposableStack, settings?: Record<string, object>) => Promise<BrokerScene>;
}

const access = { anonymous: ["publish", "read", "api", "metrics", "control"] };

export const brokerWays: readonly BrokerWay[] = [
	{
		name: "the embedded broker",
		open: async (parts, settings = {}) => {
			const relay = parts.use(await startTestRelay({ access, ...settings }));
			const port = `${relay.relay.ports.mqtt[0]}`;
			return { relay, url: relay.mqttUrl, client: mosquittoClient(["-h", "127.0.0.1", "-p", port]) };
		},
	},
	{
		name: "Mosquitto",
		open: async (parts, { mqtt, ...settings } = {}) => {
			const broker = parts.use(await startMosquitto());
			const relay = parts.use(await startTestRelay({ access, ...settings, mqtt: { ...mqtt, broker: broker.url } }));
			return { relay, url: broker.url, client: broker };
		},
	},
];
