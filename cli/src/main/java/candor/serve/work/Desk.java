package candor.serve.work;

import candor.BadInput;
import candor.generate.Arrivals;
import candor.generate.Completion;
import candor.generate.Generator;
import candor.generate.Request;
import candor.generate.TokenScore;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Takes requests in, first come, first served, and tells what comes of them. Any thread may hand in and drop; one thread is the
 * generator's, which {@linkplain Generator#serve serves} from it.
 */
public final class Desk implements Arrivals, Generator.Listener {
    private final ServedModels models;
    private final int mostWaiting;

    private final Object lock = new Object();
    // Under the lock.
    private final SequencedSet<Ticket> waiting = new LinkedHashSet<>();
    private final Deque<FutureTask<?>> errands = new ArrayDeque<>();
    private boolean closed;

    private final Map<Request, Ticket> underWay = Collections.synchronizedMap(new IdentityHashMap<>());

    /** @param mostWaiting requests in the queue, at most */
    public Desk(ServedModels models, int mostWaiting) {
        this.models = models;
        this.mostWaiting = mostWaiting;
    }

    /** There is no room in the queue. */
    public static final class Full extends Exception {
        private static final long serialVersionUID = 1L;
    }

    /** Nothing more is taken in. */
    public static final class Shut extends Exception {
        private static final long serialVersionUID = 1L;
    }

    /**
     * Hands in requests, all of them or none.
     *
     * @param model  that they name, by its slot
     * @param events is told what comes of them
     * @throws NoModel where the model has gone meanwhile
     */
    public List<Ticket> submit(List<Request> requests, Served model, BlockingQueue<Event> events)
            throws Full, Shut, NoModel {
        List<Ticket> tickets = new ArrayList<>();
        for (int i = 0; i < requests.size(); i++) {
            tickets.add(new Ticket(requests.get(i), i, events, model));
        }
        synchronized (lock) {
            if (closed) {
                throw new Shut();
            }
            if (waiting.size() + tickets.size() > mostWaiting) {
                throw new Full();
            }
            if (!models.use(model, tickets.size())) {
                throw new NoModel();
            }
            waiting.addAll(tickets);
            lock.notifyAll();
        }
        return tickets;
    }

    /** A model that was there when it was looked up is not any more. */
    public static final class NoModel extends Exception {
        private static final long serialVersionUID = 1L;
    }

    /** Nobody wants what comes of it any more: its place is free at once, or after the pass in hand. */
    public void drop(Ticket ticket) {
        synchronized (lock) {
            ticket.drop();
            if (waiting.remove(ticket)) {
                // The last that names an adapter that is leaving frees its slot, between passes.
                errands.add(new FutureTask<>(() -> models.done(ticket.model()), null));
            }
            lock.notifyAll();
        }
    }

    /**
     * Has work done on the generator's thread, between passes, and waits for it.
     *
     * @throws Shut where there will be no passes any more
     */
    public <T> T between(Callable<T> work) throws Shut, InterruptedException {
        FutureTask<T> errand = new FutureTask<>(work);
        synchronized (lock) {
            if (closed) {
                throw new Shut();
            }
            errands.add(errand);
            lock.notifyAll();
        }
        try {
            return errand.get();
        } catch (CancellationException e) {
            throw new Shut();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException bad -> throw bad;
                case Error bad -> throw bad;
                default -> throw new IllegalStateException(e.getCause());
            }
        }
    }

    /** Takes nothing in from now on; what was, is done still, and then the generator returns. */
    public void close() {
        synchronized (lock) {
            closed = true;
            lock.notifyAll();
        }
    }

    /** Takes nothing in, and gives up whatever waits or is under way. */
    public void abandon() {
        close();
        List<Ticket> all = new ArrayList<>();
        List<FutureTask<?>> unrun = new ArrayList<>();
        synchronized (lock) {
            all.addAll(waiting);
            unrun.addAll(errands);
            errands.clear();
            synchronized (underWay) {
                all.addAll(underWay.values());
            }
        }
        unrun.forEach(errand -> errand.cancel(false));
        for (Ticket ticket : all) {
            ticket.tell(new Event.Closed());
            drop(ticket);
        }
    }

    /** Requests that wait for a place. */
    public int waiting() {
        synchronized (lock) {
            return waiting.size();
        }
    }

    /** Requests that are being answered. */
    public int running() {
        return underWay.size();
    }

    /** Requests that may wait at once. */
    public int mostWaiting() {
        return mostWaiting;
    }

    @Override
    public Request next(boolean idle) {
        while (true) {
            FutureTask<?> errand;
            synchronized (lock) {
                errand = errands.poll();
                if (errand == null && !waiting.isEmpty()) {
                    Ticket ticket = waiting.removeFirst();
                    underWay.put(ticket.request(), ticket);
                    return ticket.request();
                }
                if (errand == null) {
                    if (!idle || closed) {
                        return null;
                    }
                    pause();
                    continue;
                }
            }
            errand.run();
        }
    }

    private void pause() {
        try {
            lock.wait();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            closed = true;
        }
    }

    @Override
    public boolean dropped(Request request) {
        return underWay.get(request).dropped();
    }

    @Override
    public void left(Request request) {
        models.done(underWay.remove(request).model());
    }

    @Override
    public boolean streams() {
        return true;
    }

    @Override
    public void text(Request request, String piece) {
        Ticket ticket = underWay.get(request);
        ticket.tell(new Event.Text(ticket, piece));
    }

    @Override
    public void token(Request request, TokenScore token) {
        if (request.logProbs()) {
            Ticket ticket = underWay.get(request);
            ticket.tell(new Event.Token(ticket, token));
        }
    }

    @Override
    public void promptToken(Request request, TokenScore token) {
        Ticket ticket = underWay.get(request);
        ticket.tell(new Event.PromptToken(ticket, token));
    }

    @Override
    public void done(Request request, Completion completion) {
        Ticket ticket = underWay.remove(request);
        models.done(ticket.model());
        ticket.tell(new Event.Done(ticket, completion));
    }

    @Override
    public void failed(Request request, BadInput why) {
        Ticket ticket = underWay.remove(request);
        models.done(ticket.model());
        ticket.tell(new Event.Failed(ticket, why));
    }
}
