/** An offer or a request that is not served, with the HTTP status that says so (RFC 9725 section 4). */
export class WebRtcRefusal extends Error {
	override name = "WebRtcRefusal";
	readonly status: number;

	constructor(status: number, reason: string) {
		super(reason);
		this.status = status;
	}
}
