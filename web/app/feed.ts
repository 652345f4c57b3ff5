/** The list of streams, as the relay tells it each second. */
import type { Streams } from "./relay.ts";

const REOPEN_MS = 2000;
/** The relay speaks each second; longer silence is a broken connection that nobody noticed. */
const QUIET_MS = 6000;

export interface FeedEvents {
	streams(streams: Streams): void;
	/** Whether the relay is heard. */
	heard(heard: boolean): void;
	/** The relay does not let us listen (any more). */
	refused(): void;
}

/** Listens until the returned function is called. Comes back by itself when the relay does. */
export function listen(events: FeedEvents): () => void {
	let source: EventSource | null = null;
	let again: ReturnType<typeof setTimeout> | undefined;
	let quiet: ReturnType<typeof setTimeout> | undefined;

	const reopen = (): void => {
		source?.close();
		source = null;
		clearTimeout(quiet);
		clearTimeout(again);
		if (!document.hidden) again = setTimeout(open, REOPEN_MS);
	};
	const expect = (): void => {
		clearTimeout(quiet);
		quiet = setTimeout(() => {
			events.heard(false);
			reopen();
		}, QUIET_MS);
	};
	const open = (): void => {
		source = new EventSource("/api/events");
		expect();
		source.addEventListener("streams", ({ data }: MessageEvent<string>) => {
			expect();
			events.heard(true);
			events.streams(JSON.parse(data));
		});
		source.onerror = () => {
			events.heard(false);
			// A closed source is a refusal or a proxy's error page: the browser does not come back from it.
			if (source?.readyState === EventSource.CLOSED) events.refused();
			reopen();
		};
	};
	const onSight = (): void => {
		if (document.hidden) {
			reopen();
		} else if (!source) {
			clearTimeout(again);
			open();
		}
	};
	document.addEventListener("visibilitychange", onSight);
	open();
	return () => {
		document.removeEventListener("visibilitychange", onSight);
		source?.close();
		clearTimeout(again);
		clearTimeout(quiet);
	};
}
