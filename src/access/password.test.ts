import assert from "node:assert/strict";
import { test } from "node:test";
import { ha1Of, parsePassword, verifyPassword, writeHa1, writeSha256 } from "./password.ts";

/** Made by `openssl dgst -sha256`, the reference `argon2` program and Python's hashlib.scrypt. */
const stored = {
	plain: "secret",
	"sha256, base64": "sha256:K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=",
	"sha256, hexadecimal": "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
	ha1: writeHa1("robot1", "secret"),
};

test("each form accepts its password and no other", async () => {
	for (const [form, text] of Object.entries(stored)) {
		const password = parsePassword(text);
		assert.ok(password, form);
		assert.equal(await verifyPassword(password, "robot1", "secret"), true, form);
		for (const wrong of ["Secret", "", "secret ", text]) {
			if (wrong !== "secret") assert.equal(await verifyPassword(password, "robot1", wrong), false, `${form}: ${wrong}`);
		}
	}
});

test("argon2id in the reference program's notation", async () => {
	const text = "argon2:$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
	const password = parsePassword(text);
	assert.equal(password?.kind, "argon2");
	assert.equal(await verifyPassword(password!, "a", "password"), true);
	assert.equal(await verifyPassword(password!, "a", "passwore"), false);
});

test("scrypt, RFC 7914 section 12", async () => {
	const hash = Buffer.from(
		"fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
		"hex",
	).toString("base64");
	const salt = Buffer.from("NaCl").toString("base64");
	const bare = (text: string) => text.replace(/=+$/, "");
	const password = parsePassword(`scrypt:$scrypt$ln=10,r=8,p=16$${bare(salt)}$${bare(hash)}`);
	assert.equal(password?.kind, "scrypt");
	assert.equal(await verifyPassword(password!, "a", "password"), true);
	assert.equal(await verifyPassword(password!, "a", "Password"), false);
});

test("what looks like a form but is none is refused", () => {
	for (const text of ["sha256:abc", "argon2:x", "scrypt:$scrypt$ln=99,r=8,p=1$aa$bb", "ha1:zz:yy"]) {
		assert.equal(parsePassword(text), undefined, text);
	}
	assert.equal(parsePassword("md5:x")?.kind, "plain");
});

test("HA1 is known of plain and HA1 passwords only", () => {
	const plain = parsePassword("secret")!;
	const ha1 = parsePassword(stored.ha1)!;
	for (const algorithm of ["SHA-256", "MD5"] as const) {
		assert.equal(ha1Of(ha1, "robot1", algorithm), ha1Of(plain, "robot1", algorithm));
	}
	assert.equal(ha1Of(parsePassword(writeSha256("secret"))!, "robot1", "MD5"), undefined);
});
