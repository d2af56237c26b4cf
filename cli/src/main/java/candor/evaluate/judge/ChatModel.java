package candor.evaluate.judge;

import candor.evaluate.Prompt.Turn;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** A model that can be asked to judge: far away behind an endpoint, or here through our engine. */
public interface ChatModel extends AutoCloseable {
    /**
     * A request.
     *
     * @param messages of system, user and assistant
     */
    record Request(List<Turn> messages, int maxTokens) {
        public Request {
            messages = List.copyOf(messages);
        }
    }

    /** What came of a request. */
    sealed interface Reply {
        record Text(String text) implements Reply {}

        /** No answer, for a reason that passes or not; nothing was kept of it. */
        record Failure(String why) implements Reply {}
    }

    /** Takes replies as they come. */
    interface Sink {
        void replied(int request, Reply reply);

        /** Whether it shall end, though not all is asked. */
        default boolean stopped() {
            return false;
        }
    }

    /** What its replies depend on besides the request, for the cache's hash and the record of the run; never a key. */
    ObjectNode identity();

    /**
     * Asks everything, in any order, each exactly once.
     *
     * @param sink called from one thread at a time
     * @throws candor.BadInput where asking cannot go on
     */
    void complete(List<Request> requests, Sink sink);

    @Override
    void close();
}
