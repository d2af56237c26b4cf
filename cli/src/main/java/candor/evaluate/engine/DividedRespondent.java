package candor.evaluate.engine;

import candor.comm.Communicator;
import candor.comm.SharedWork;
import candor.evaluate.ask.Respondent;
import candor.evaluate.ask.Subject;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/**
 * A model that each of several processes has: the first, which is asked, hands out the requests, and the others {@link #help}. An
 * answer does not depend on who gives it. When no more is asked for, the others go.
 */
public final class DividedRespondent implements Respondent {
    private final Communicator comm;
    private final Respondent own;
    private final int each;
    private boolean helped;

    /**
     * @param own  this process's, which is closed with this one
     * @param each requests that a process answers in a round
     */
    public DividedRespondent(Communicator comm, Respondent own, int each) {
        this.comm = comm;
        this.own = own;
        this.each = each;
        helped = comm.size() > 1;
    }

    /** Answers a share of what the first process is asked, until no more is asked for. */
    public static void help(Communicator comm, Respondent own, BooleanSupplier stop) {
        SharedWork.follow(comm, (pieces, done) -> answer(own, pieces, done, stop), stop);
    }

    private static void answer(Respondent own, List<byte[]> pieces, SharedWork.Done done, BooleanSupplier stop) {
        own.answer(
                pieces.stream().map(RequestBytes::request).toList(),
                (request, answer) -> done.done(request, RequestBytes.of(answer)),
                stop);
    }

    @Override
    public List<Subject> subjects() {
        return own.subjects();
    }

    @Override
    public void answer(List<Request> requests, Sink sink, BooleanSupplier stop) {
        if (!helped) {
            own.answer(requests, sink, stop);
            return;
        }
        List<Integer> unfit = new ArrayList<>();
        SharedWork.lead(
                comm,
                requests.stream().map(RequestBytes::of).toList(),
                each,
                (pieces, done) -> answer(own, pieces, done, stop),
                (request, answer) -> {
                    if (answer.length == 0) {
                        unfit.add(request);
                    } else {
                        sink.answered(request, RequestBytes.answer(answer));
                    }
                },
                stop);
        for (int request : unfit) { // why it cannot be put to the model, the model says
            own.answer(List.of(requests.get(request)), (same, why) -> sink.answered(request, why), stop);
        }
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
    public void rest() {
        if (helped) {
            helped = false;
            SharedWork.end(comm);
        }
    }

    @Override
    public void close() {
        own.close();
    }
}
