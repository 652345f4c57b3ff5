import assert from "node:assert/strict";
import { after, before, type TestContext } from "node:test";
import type { Browser, Page, ViewportSize } from "playwright-core";
import { launchChromium } from "./chromium.ts";

interface PageOptions {
	/** How long a page waits for what is to be there, in milliseconds; Playwright's 30 s where it is left out. */
	readonly patience?: number;
	readonly viewport?: ViewportSize;
	/** A test fails when a script of its page fails, or the page's own policy keeps something off. */
	readonly strict?: boolean;
}

/**
 * Starts Chromium before the tests of a file and ends it behind them. What it gives opens a page in a profile of its own,
 * which ends with the test.
 */
export function chromiumPages(options: PageOptions = {}): (t: TestContext, viewport?: ViewportSize) => Promise<Page> {
	let browser: Browser | undefined;
	before(async () => {
		// Tests that need it are skipped without it.
		browser = await launchChromium().catch(() => undefined);
	});
	after(() => browser?.close());
	return async (t, viewport = options.viewport) => {
		assert.ok(browser, "Chromium started");
		const context = await browser.newContext(viewport && { viewport });
		const page = await context.newPage();
		if (options.patience !== undefined) page.setDefaultTimeout(options.patience);
		const errors = options.strict ? errorsOf(page) : [];
		t.after(async () => {
			await context.close();
			assert.deepEqual(errors, []);
		});
		return page;
	};
}

/** What fails in a page, as it comes. */
function errorsOf(page: Page): readonly string[] {
	const errors: string[] = [];
	page.on("pageerror", (error) => errors.push(error.message));
	page.on("console", (message) => /Content Security Policy/.test(message.text()) && errors.push(message.text()));
	return errors;
}
