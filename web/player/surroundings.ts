/** What happens around a player: the network comes back, the page is left, hidden, seen again. */

/** A page that nobody sees stops receiving after this long: someone pays for the robot's uplink. */
const UNSEEN_MS = 60_000;

export interface SurroundingEvents {
	/** The network is back, or the page is seen again. */
	wake(): void;
	/** The page is left, perhaps to be kept for the back button. */
	leave(): void;
	/** The page came back from there. */
	comeBack(): void;
	/** Nobody has seen the page for a while. */
	unseen(): void;
	fullscreen(): void;
}

/** Listens until the returned function is called. */
export function attend(events: SurroundingEvents): () => void {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const ended = new AbortController();
	const { signal } = ended;
	window.addEventListener("online", () => events.wake(), { signal });
	window.addEventListener("pagehide", () => events.leave(), { signal });
	window.addEventListener("pageshow", ({ persisted }) => persisted && events.comeBack(), { signal });
	document.addEventListener("fullscreenchange", () => events.fullscreen(), { signal });
	document.addEventListener(
		"visibilitychange",
		() => {
			clearTimeout(timer);
			if (document.hidden) timer = setTimeout(() => events.unseen(), UNSEEN_MS);
			else events.wake();
		},
		{ signal },
	);
	return () => {
		clearTimeout(timer);
		ended.abort();
	};
}
