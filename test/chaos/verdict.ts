/** Exit code of a chaos run that broke by itself: nothing was found out about the sidecars. */
export const BROKEN_RUN = 3;
