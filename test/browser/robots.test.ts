import assert from "node:assert/strict";
import { test } from "node:test";
import type { Locator } from "playwright-core";
import { ask } from "../../src/cli/ask.ts";
import { parsePathName } from "../../src/media/path-name.ts";
import { writeIdentity } from "../../src/robot/identity.ts";
import { join } from "../../src/robot/join.ts";
import { robotSocket } from "../../src/robot/orders/local-door.ts";
import { parseInvitation } from "../../src/wire/invitation.ts";
import { makeFolder } from "../support/folder.ts";
import { needs } from "../support/peers.ts";
import { startTestRelay, type TestRelay } from "../support/relay.ts";
import { startTestRobot } from "../support/robot.ts";
import { until } from "../support/until.ts";
import { waitForState } from "./chromium.ts";
import { chromiumPages } from "./pages.ts";
import { startCrowd } from "./robot-crowd.ts";

const PATIENCE_MS = 20_000;
const LIMIT = { timeout: 90_000 };
const front = parsePathName("robot1/front")!;
const OPEN = {
	access: { anonymous: ["publish", "read", "api", "control"] },
	paths: { all_others: { idleAfter: "500 ms" } },
};
const CLOSED = {
	access: { anonymous: [], users: [{ name: "admin", password: "correct horse", allow: ["read", "api", "admin"] }] },
};

const newPage = chromiumPages({ strict: true, patience: PATIENCE_MS, viewport: { width: 1280, height: 800 } });

/** A robot that comes without having joined. */
async function robotOf(relay: TestRelay) {
	const publish = `${relay.rtspUrl}/robot1/front`;
	const cameras = [{ name: "front", source: "sample" as const, publish }];
	const robot = await startTestRobot({ name: "robot1", control: { mqtt: relay.mqttUrl }, cameras });
	await until(() => relay.relay.hub.demand.get(front)?.online, "the robot is there");
	return robot;
}

const hasFocus = (button: Locator) => button.evaluate((element) => element.matches(":focus"));

test("robots: what their cameras do and for whom, started and stopped, paused at the robot", LIMIT, async (t) => {
	if (!needs(t, "chromium")) return;
	await using relay = await startTestRelay(OPEN);
	await using robot = await robotOf(relay);
	const page = await newPage(t);
	await page.goto(relay.httpUrl);
	await page.getByRole("link", { name: "Robots", exact: true }).click();
	await page.waitForURL("**/robots");
	const item = page.locator("robot-item");
	await item.getByRole("heading", { name: "robot1" }).waitFor();
	await item.getByText("Online for").waitFor();
	await item.getByText("Asleep").waitFor();
	assert.equal(await page.getByRole("button", { name: "Invite a robot" }).count(), 0, "that is for admins");
	await item.getByRole("button", { name: "start robot1/front" }).click();
	await item.getByText("Live", { exact: true }).waitFor();
	await item.getByText("Started by somebody, page or API, 127.0.0.1").waitFor();
	await item.getByText(/\d+ fps/).waitFor();
	await item.getByRole("button", { name: "stop robot1/front" }).click();
	await item.getByText("Asleep").waitFor();
	const atRobot = async (what: string) => {
		const { status } = await ask({ socketPath: robotSocket(robot.stateDir, "robot1") }, "POST", what);
		assert.ok(status < 300, `${what}: ${status}`);
	};
	await atRobot("/trigger?name=motion&seconds=60");
	await item.getByText(/Started there by “motion”, 5\d s more/).waitFor();
	await atRobot("/pause");
	await item.getByText("Paused at the robot").waitFor();
	assert.equal(await item.getByRole("button", { name: "start robot1/front" }).count(), 0);
	await item.getByRole("link", { name: "Watch robot1/front" }).click();
	await page.waitForURL("**/watch/robot1/front");
	await waitForState(page, "waiting", PATIENCE_MS);
	await page
		.locator("vedette-player .notice")
		.getByText(/paused/i)
		.waitFor();
});

test("who watches is told", LIMIT, async (t) => {
	if (!needs(t, "chromium")) return;
	await using relay = await startTestRelay(OPEN);
	await using _robot = await robotOf(relay);
	const viewer = await newPage(t);
	await viewer.goto(`${relay.httpUrl}/watch/robot1/front`);
	await waitForState(viewer, "live", PATIENCE_MS);
	const page = await newPage(t);
	await page.goto(`${relay.httpUrl}/robots`);
	await page.getByText("Watched by somebody, WebRTC, 127.0.0.1").first().waitFor();
});

test("a robot is invited, joins by the line that is shown, appears, and is revoked", LIMIT, async (t) => {
	if (!needs(t, "chromium")) return;
	await using relay = await startTestRelay(CLOSED);
	using folder = makeFolder();
	const page = await newPage(t);
	await page.goto(`${relay.httpUrl}/robots`);
	await page.getByLabel("Name").fill("admin");
	await page.getByLabel("Password").fill("correct horse");
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByRole("heading", { name: "No robots yet" }).waitFor();
	const invite = page.getByRole("button", { name: "Invite a robot" });
	await invite.focus();
	await page.keyboard.press("Enter");
	const name = page.getByLabel("Name of the robot");
	await until(() => hasFocus(name), "the name's field has the focus");
	await page.keyboard.press("Escape");
	await until(() => hasFocus(invite), "the focus is back");
	await invite.click();
	await name.fill("a/b");
	await page.keyboard.press("Enter");
	await page.getByRole("alert").getByText("letters, digits").waitFor();
	await name.fill("robot1");
	await page.getByLabel("Address of this relay").fill("127.0.0.1");
	await page.keyboard.press("Enter");
	await page.getByRole("img", { name: "The line as a QR code" }).waitFor();
	await page.getByText(/^14:5\d$/).waitFor();
	const line = (await page.locator("invite-dialog copyable-code code").textContent()) ?? "";
	assert.match(line, /^vedette robot join vedette:\/\/127\.0\.0\.1:\d+\/robot1\//);
	writeIdentity(folder.path, await join(parseInvitation(line.replace("vedette robot join ", ""))!));
	await page.getByText("robot1 has joined").waitFor();
	await using _robot = await startTestRobot({ stateDir: folder.path, cameras: [{ name: "front", source: "sample" }] });
	await page.getByText("robot1 is here").waitFor();
	await page.getByRole("button", { name: "Done" }).click();
	const item = page.locator("robot-item");
	await item.getByText("Online for").waitFor();
	await item.getByText("joined", { exact: true }).waitFor();
	await invite.click();
	await name.fill("robot1");
	await page.keyboard.press("Enter");
	await page.getByRole("heading", { name: "Replace robot1?" }).waitFor();
	await page.getByRole("button", { name: "Replace robot1" }).click();
	await page.getByText("Waiting for robot1").waitFor();
	const other = (await page.locator("invite-dialog copyable-code code").textContent()) ?? "";
	await join(parseInvitation(other.replace("vedette robot join ", "").replace(/\/\/[^/]+:/, "//127.0.0.1:"))!);
	await page.getByText("robot1 has joined").waitFor();
	await page.keyboard.press("Escape");
	await item.getByText("Offline for").waitFor();
	await item.getByRole("button", { name: "Revoke robot1" }).click();
	await until(() => hasFocus(page.getByRole("button", { name: "Cancel" })), "the harmless answer has the focus");
	await item.getByRole("dialog").getByRole("button", { name: "Revoke robot1" }).click();
	await page.getByRole("heading", { name: "No robots yet" }).waitFor();
	await until(() => !relay.relay.hub.demand.get(front), "its camera is nobody's");
});

test("many robots: a part is shown, a search finds the others", LIMIT, async (t) => {
	if (!needs(t, "chromium")) return;
	await using relay = await startTestRelay(OPEN);
	await using _crowd = await startCrowd(relay.mqttUrl, 200);
	const page = await newPage(t);
	await page.goto(`${relay.httpUrl}/robots`);
	await page.getByText("200 online").waitFor();
	await page.getByText("50 of 200 robots are shown").waitFor();
	assert.equal(await page.locator("robot-item").count(), 50);
	await page.getByRole("searchbox", { name: "Search robots by name" }).fill("robot-17 front");
	await until(async () => (await page.locator("robot-item").count()) === 11, "robot-17 and robot-170 to robot-179");
	await page.getByRole("searchbox").fill("nobody");
	await page.getByText("No robot's name contains “nobody”.").waitFor();
});
