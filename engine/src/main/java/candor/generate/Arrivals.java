package candor.generate;

/** Where requests come from while others are under way. The generator asks on its own thread, between passes. */
public interface Arrivals {
    /**
     * The next request, which there is room to look at.
     *
     * <p>Adapters may be put into slots, and taken out of slots that no request under way names, while this is asked.
     *
     * @param idle nothing is under way: whoever is asked may wait until something comes
     * @return null where there is none now, and, while idle, none will come: the generator returns then
     */
    Request next(boolean idle);

    /**
     * Whether a request that is under way is not wanted any more. It leaves before the next pass, or, where others wait for a
     * beginning that it computes, as soon as that is there; what comes of it until then is told.
     */
    boolean dropped(Request request);

    /** A request that was dropped has left, and nothing of it is at work any more. */
    default void left(Request request) {}
}
