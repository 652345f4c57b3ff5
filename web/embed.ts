/** The stand-alone element: one script for any page. */
import { VedettePlayer } from "./player/player.ts";

if (!customElements.get("vedette-player")) customElements.define("vedette-player", VedettePlayer);

export { VedettePlayer };
