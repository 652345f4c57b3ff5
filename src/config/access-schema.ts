import { z } from "zod";
import { count, duration, group, ranges } from "./fields.ts";

const actions = z.enum(["publish", "read", "playback", "api", "metrics", "control", "admin"]);

const hashed = [
	/^sha256:([A-Za-z0-9+/]{43}=|[0-9a-fA-F]{64})$/,
	/^argon2:\$argon2(i|d|id)\$v=19\$m=\d{1,7},t=\d{1,3},p=\d{1,3}\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,86}$/,
	/^scrypt:\$scrypt\$ln=\d{1,2},r=\d{1,2},p=\d{1,2}\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/,
	/^ha1:[0-9a-f]{64}:[0-9a-f]{32}$/,
] as const;

/** A password as it is written in the file; a word before a colon that looks like a hash must be one. */
const password = z
	.string()
	.min(1)
	.max(1024)
	.refine((value) => !/^(sha256|argon2|scrypt|ha1):/.test(value) || hashed.some((form) => form.test(value)), {
		error:
			"expected a password in plain, sha256:BASE64, argon2:$argon2id$v=19$m=…,t=…,p=…$SALT$HASH, " +
			"scrypt:$scrypt$ln=…,r=…,p=…$SALT$HASH or ha1:SHA256HEX:MD5HEX",
	})
	.describe("In plain, or sha256:…, argon2:…, scrypt:…, ha1:… (see docs/security.md)");

const name = z
	.string()
	.regex(/^[^\s:"\\]{1,128}$/, "expected a name without spaces, colons and quotes, of up to 128 characters")
	.describe("The name to log in with");

const glob = z
	.string()
	.max(200)
	.regex(/^!?[A-Za-z0-9_\-./*]+$/, "expected a path like robot1/front or a pattern like robot1/*, or one after !");

const allow = z.array(actions).describe("publish read playback api metrics control admin");
const where = z
	.array(glob)
	.prefault(["*"])
	.describe("Paths this is for; * stands for anything, / too; !robot2/* takes away");
const ips = ranges("Addresses this is for; empty for all");

const user = z.strictObject({
	name,
	password,
	token: z
		.string()
		.min(16, "expected a token of at least 16 characters")
		.max(1024)
		.refine((value) => !value.includes(":") || hashed[0].test(value), "expected a token without colons, or sha256:…")
		.optional()
		.describe("Another way in: Authorization: Bearer TOKEN; in plain or sha256:…"),
	allow,
	paths: where,
	ips,
	also: z
		.array(z.strictObject({ allow, paths: where }))
		.prefault([])
		.describe("- { allow, paths }: more, on other paths"),
});

/** Who may do what. */
export const access = group("Who may do what. Without users, the first start makes an admin and a publisher", {
	anonymous: z.array(actions).prefault([]).describe("What everybody may do without a name: [read], [publish, read] …"),
	guests: z
		.array(z.strictObject({ allow, paths: where, ips }))
		.prefault([])
		.describe("- { allow: [read], paths: [lobby], ips: [10.0.0.0/8] }: likewise, on some paths or from some addresses"),
	users: z
		.array(user)
		.max(100_000)
		.prefault([])
		.refine(
			(users) => new Set(users.map((one) => one.name)).size === users.length,
			"two users have the same name; names must be different",
		)
		.describe('- { name: robot1, password: "…", allow: [publish], paths: ["robot1/*"], ips: [10.0.0.0/8] }'),
	loginTime: duration("7 d", "How long a browser stays logged in", { min: "1 m", max: "365 d" }),
	failureDelay: duration("4 s", "A wrong password is answered after a random time up to this", { max: "30 s" }),
	failures: count(10, "Wrong passwords that one address may send in a row; after that, one each failurePause", {
		min: 1,
	}),
	failurePause: duration("10 s", "See failures", { min: "100 ms", max: "1 h" }),
});
