package candor.serve.work;

import candor.BadInput;
import candor.generate.Completion;
import candor.generate.TokenScore;

/** What is told of a request. Each kind names its ticket. */
public sealed interface Event {
    /** Which of the tickets that share a queue; null where it concerns all of them. */
    Ticket ticket();

    /** The next piece of its text. */
    record Text(Ticket ticket, String piece) implements Event {}

    /** The next token of its reply, before its text; where scores are wanted. */
    record Token(Ticket ticket, TokenScore score) implements Event {}

    /** A token of its prompt, where these are wanted. */
    record PromptToken(Ticket ticket, TokenScore score) implements Event {}

    /** It is done. */
    record Done(Ticket ticket, Completion completion) implements Event {}

    /** There will be no answer, for this reason: the weights of the model or of its adapter are broken. */
    record Failed(Ticket ticket, BadInput why) implements Event {}

    /** There will be no answers: the service is at its end. */
    record Closed() implements Event {
        @Override
        public Ticket ticket() {
            return null;
        }
    }

    /** Nobody wants the answers any more. */
    record ClientGone() implements Event {
        @Override
        public Ticket ticket() {
            return null;
        }
    }
}
