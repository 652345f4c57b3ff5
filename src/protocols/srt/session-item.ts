import type { Session } from "./session.ts";

/** What a session has counted, in the words of MediaMTX's control API. */
export function describeSession({ statistics, settings, roundTrip, held }: Session) {
	return {
		packetsSent: statistics.packetsSent,
		packetsReceived: statistics.packetsReceived,
		packetsReceivedUnique: statistics.packetsReceivedUnique,
		packetsReceivedLoss: statistics.packetsMissed,
		packetsRetrans: statistics.packetsSentAgain,
		packetsReceivedRetrans: statistics.packetsReceivedAgain,
		packetsSentACK: statistics.acksSent,
		packetsReceivedACK: statistics.acksReceived,
		packetsSentNAK: statistics.naksSent,
		packetsReceivedNAK: statistics.naksReceived,
		packetsReceivedBelated: statistics.packetsBelated,
		packetsSendDrop: statistics.packetsSendDropped,
		packetsReceivedDrop: statistics.packetsReceiveDropped,
		packetsReceivedUndecrypt: statistics.packetsUndecrypted,
		packetsFlowWindow: held.peerRoom,
		packetsFlightSize: held.sent,
		packetsSendBuf: held.sent,
		packetsReceiveBuf: held.received,
		packetsAvailReceiveBuf: held.room,
		bytesSent: statistics.bytesSent,
		bytesReceived: statistics.bytesReceived,
		bytesRetrans: statistics.bytesSentAgain,
		inboundBytes: statistics.bytesReceived,
		outboundBytes: statistics.bytesSent,
		msRTT: roundTrip,
		msSendTsbPdDelay: settings.sendDelay,
		msReceiveTsbPdDelay: settings.receiveDelay,
		encrypted: settings.keys !== undefined,
	};
}
