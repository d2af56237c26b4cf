package candor.evaluate.ask;

import java.util.List;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/** A model with its adapters, as evaluation sees it: it answers, many at once. */
public interface Respondent extends AutoCloseable {
    /**
     * One thing asked of one subject.
     *
     * @param about the row that it is about, for messages alone; empty where there is none
     */
    record Request(int subject, String about, Ask ask) {}

    /** Takes the answers as they come. */
    interface Sink {
        void answered(int request, Answer answer);
    }

    /** The base model and its adapters, in the order that {@link Request#subject} counts them by. */
    List<Subject> subjects();

    /**
     * Answers every request, in any order, each exactly once; {@link Answer.Unfit} where one cannot be put to the model.
     *
     * @param sink called from one thread at a time, with the index of the request
     * @param stop asked between steps; once it is true, what has no answer yet gets none
     */
    void answer(List<Request> requests, Sink sink, BooleanSupplier stop);

    /** Bytes of a device's own memory that it has taken; empty where there is none. For the thread that {@link #answer}s. */
    default OptionalLong deviceBytes() {
        return OptionalLong.empty();
    }

    /** What the bytes of answers depend on, beside the subjects: processes that share requests have it in common. */
    default String arithmetic() {
        return "";
    }

    /** Told that nothing more is asked for now: what only answers need may be given up. */
    default void rest() {}

    @Override
    void close();
}
