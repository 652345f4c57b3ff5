import assert from "node:assert/strict";
import { test } from "node:test";
import { takeLogin } from "./url-login.ts";

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

test("the login is taken out of the address and decoded", () => {
	const { url, ...login } = takeLogin("https://ann:p%40ss%3A%C3%A4@host:8443/a?b=c");
	assert.equal(url.href, "https://host:8443/a?b=c");
	assert.deepEqual(login, { user: "ann", password: "p@ss:ä", basic: basic("ann:p@ss:ä") });
});

test("a percent sign that encodes nothing is one", () => {
	assert.equal(takeLogin("http://ann:100%@host/").password, "100%");
});

test("without user and password there is nothing to show", () => {
	assert.equal(takeLogin("http://host/").basic, undefined);
	assert.equal(takeLogin("http://ann@host/").basic, basic("ann:"));
	assert.equal(takeLogin("http://:secret@host/").basic, basic(":secret"));
	assert.throws(() => takeLogin("no address"), TypeError);
});
