/** A client that has published so many messages of QoS 2 without releasing one is sent away. */
const MOST = 1000;

interface Numbered {
	readonly messageId?: number | undefined;
}

/** The part of aedes' store that knows messages of QoS 2 until their release (MQTT 5.0 section 4.3.3). */
export interface IncomingStore {
	incomingGetPacket(client: object, packet: Numbered): Promise<object>;
	incomingStorePacket(client: object, packet: Numbered): Promise<void>;
	incomingDelPacket(client: object, packet: Numbered): Promise<void>;
}

/**
 * Keeps only the ids of such messages, and only as long as the connection: aedes' own store keeps them whole, for ever, and
 * as many as anybody likes.
 */
export function unreleased(): IncomingStore {
	const ids = new WeakMap<object, Set<number>>();
	const idsOf = (client: object): Set<number> => {
		const known = ids.get(client) ?? new Set();
		ids.set(client, known);
		return known;
	};
	return {
		async incomingGetPacket(client, packet) {
			if (idsOf(client).has(Number(packet.messageId))) return packet;
			throw new Error("no such message");
		},
		async incomingStorePacket(client, { messageId }) {
			const known = idsOf(client);
			if (known.size >= MOST) throw new Error(`${MOST} messages of QoS 2 were not released`);
			known.add(Number(messageId));
		},
		async incomingDelPacket(client, { messageId }) {
			idsOf(client).delete(Number(messageId));
		},
	};
}
