package candor.serve.work;

import candor.generate.Request;
import java.util.concurrent.BlockingQueue;

/** A request that was handed in. */
public final class Ticket {
    private final Request request;
    private final int index;
    private final BlockingQueue<Event> events;
    private final Served model;
    private volatile boolean dropped;

    Ticket(Request request, int index, BlockingQueue<Event> events, Served model) {
        this.request = request;
        this.index = index;
        this.events = events;
        this.model = model;
    }

    public Request request() {
        return request;
    }

    /** Its place among those that were handed in with it. */
    public int index() {
        return index;
    }

    Served model() {
        return model;
    }

    boolean dropped() {
        return dropped;
    }

    void drop() {
        dropped = true;
    }

    void tell(Event event) {
        events.add(event);
    }
}
