package candor.study;

import candor.comm.Communicator;
import candor.comm.SharedWork;
import candor.evaluate.ask.Respondent;
import candor.evaluate.ask.Subject;
import candor.evaluate.engine.DividedRespondent;
import candor.evaluate.engine.EngineRespondent;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * The other processes that were started with a study's first one, as the first has them help it: it alone walks through the study,
 * reads, writes, asks judges and logs; training and all that models say are shared. {@link HelpingProcess} is the other side.
 */
public final class Helpers {
    private static final int FEW = 1;

    private final Communicator comm;
    private final List<Shared> open = new ArrayList<>();
    private boolean busy;

    /** @param comm all of them; this process leads */
    public Helpers(Communicator comm) {
        this.comm = comm;
    }

    /** Nobody. */
    public static Helpers none() {
        return new Helpers(Communicator.ALONE);
    }

    /** All processes. */
    Communicator processes() {
        return comm;
    }

    /** A model that all of them answer for; closing it closes this process's, and the others' when they are asked for another. */
    public Respondent open(EngineRespondent.Settings settings) {
        EngineRespondent own = EngineRespondent.open(settings.on(SharedWork.threads(comm, settings.threads())));
        if (comm.size() == 1) {
            return own;
        }
        Shared shared = new Shared(settings, own);
        open.add(shared);
        return shared;
    }

    /**
     * Gives an order, and does the first process's part of it. Where that fails, so does the study: the others are left in the middle
     * of it.
     */
    <T> T together(Order order, Supplier<T> own) {
        if (comm.size() == 1) {
            return own.get();
        }
        give(order);
        T result = own.get();
        busy = false;
        return result;
    }

    /** Lets the others go. */
    public void end() {
        if (comm.size() > 1) {
            give(new Order.End());
        }
    }

    private void give(Order order) {
        if (busy) {
            throw new IllegalStateException("the other processes are at an order that has failed here");
        }
        busy = true;
        comm.broadcast(Order.bytes(order), comm.rank());
    }

    /** A model that each process has, or opens when it is asked. */
    private final class Shared implements Respondent {
        private final EngineRespondent.Settings settings;
        private final EngineRespondent own;

        Shared(EngineRespondent.Settings settings, EngineRespondent own) {
            this.settings = settings;
            this.own = own;
        }

        @Override
        public List<Subject> subjects() {
            return own.subjects();
        }

        @Override
        public void answer(List<Request> requests, Sink sink, BooleanSupplier stop) {
            if (requests.size() <= FEW) {
                own.answer(requests, sink, stop);
                return;
            }
            Order order = new Order.Answer(
                    settings,
                    own.subjects(),
                    own.arithmetic(),
                    open.stream().map(each -> each.settings).toList());
            together(order, () -> {
                DividedRespondent divided = new DividedRespondent(comm, own, SharedWork.ROUND * settings.sequences());
                divided.answer(requests, sink, stop);
                divided.rest();
                return null;
            });
        }

        @Override
        public String arithmetic() {
            return own.arithmetic();
        }

        @Override
        public OptionalLong deviceBytes() {
            return own.deviceBytes();
        }

        @Override
        public void close() {
            open.remove(this);
            own.close();
        }
    }
}
