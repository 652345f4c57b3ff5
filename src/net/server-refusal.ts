/** A stream is not taken because nobody wants it now: HTTP's and RTSP's number for it, which SRT and RTMP carry in their own ways. */
export const LOCKED = 423;

/** A server's no. The message is for people. */
export class ServerRefusal extends Error {
	override readonly name = "ServerRefusal";
	/** As HTTP numbers them. */
	readonly status: number;

	constructor(status: number, message: string) {
		super(message);
		this.status = status;
	}
}

/** What an attempt fails with: the server's no where it has a number, else an error with nothing but the reason. */
export function failureOf(reason: string, status: number | undefined): Error {
	return status === undefined ? new Error(reason) : new ServerRefusal(status, reason);
}
