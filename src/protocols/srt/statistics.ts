/** What a session has counted since it began (draft-sharabayko-srt section 4; names as in libsrt's statistics). */
export interface Statistics {
	packetsSent: number;
	packetsSentAgain: number;
	packetsSendDropped: number;
	bytesSent: number;
	bytesSentAgain: number;
	packetsReceived: number;
	packetsReceivedUnique: number;
	packetsReceivedAgain: number;
	/** Gaps that were seen, whether they were filled or not. */
	packetsMissed: number;
	/** Never came in time. */
	packetsReceiveDropped: number;
	/** Came after their turn. */
	packetsBelated: number;
	packetsUndecrypted: number;
	bytesReceived: number;
	acksSent: number;
	acksReceived: number;
	naksSent: number;
	naksReceived: number;
}

export function noStatistics(): Statistics {
	return {
		packetsSent: 0,
		packetsSentAgain: 0,
		packetsSendDropped: 0,
		bytesSent: 0,
		bytesSentAgain: 0,
		packetsReceived: 0,
		packetsReceivedUnique: 0,
		packetsReceivedAgain: 0,
		packetsMissed: 0,
		packetsReceiveDropped: 0,
		packetsBelated: 0,
		packetsUndecrypted: 0,
		bytesReceived: 0,
		acksSent: 0,
		acksReceived: 0,
		naksSent: 0,
		naksReceived: 0,
	};
}
