import { percentDecoded } from "../media/percent.ts";

const SECRET_KEY = /^(pass|password|passphrase|token|jwt|streamid|key)$/i;
/** Shorter ones would be found everywhere. */
const LEAST_CHARACTERS = 4;

/** `PASSWORD` is no secret, but shows where one belongs: the relay says so to who has none by RTMP. */
const SECRET_VALUE = /([?&](?:pass|passphrase|token|streamid)=)(?!PASSWORD(?![^&\s"]))[^&\s"]+/g;

/** Text for the log: what stands between `//` and `@` in addresses is a secret, and so are `pass`, `passphrase`, `token` and `streamid` behind them. */
export function withoutPassword(text: string): string {
	return text.replace(/(\w:\/\/)[^/@\s"]+@/g, "$1…@").replace(SECRET_VALUE, "$1…");
}

/** An address for people: of RTMP without the stream's name, which is what lets publishers in at many services. */
export function shownAddress(url: string): string {
	return withoutPassword(url.startsWith("rtmp") ? url.replace(/[^/]*$/, "…") : url);
}

/** What another server said, without what is secret in its address. */
export function withoutSecretsOf(url: string, text: string): string {
	const { password = "", searchParams, pathname = "" } = URL.parse(url) ?? {};
	const values = [...(searchParams ?? [])].filter(([name]) => SECRET_KEY.test(name)).map(([, value]) => value);
	const name = url.startsWith("rtmp") ? (pathname.split("/").at(-1) ?? "") : "";
	const secrets = [password, percentDecoded(password), name, ...values, ...values.flatMap((one) => one.split(":"))];
	return secrets.reduce(
		(left, secret) => (secret.length < LEAST_CHARACTERS ? left : left.replaceAll(secret, "…")),
		withoutPassword(text),
	);
}

/** What stood behind `?`, for the control API: a password is not for reading. */
export function shownQuery(query: string): string {
	return query.replace(/(^|&)(pass|token|jwt)=[^&]*/g, "$1$2=…");
}
