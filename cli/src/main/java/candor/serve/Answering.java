package candor.serve;

import candor.generate.FinishReason;
import candor.serve.http.Exchange;
import candor.serve.http.Gone;
import candor.serve.http.Reply;
import candor.serve.work.Desk;
import candor.serve.work.Event;
import candor.serve.work.Ticket;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Has one request answered, and sends what comes: all at the end, or as it comes. For one thread. */
final class Answering {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final SecureRandom RANDOM = new SecureRandom();

    /** A stream that says nothing for so long says that it is there still, in a comment. */
    private static final long SILENCE_SECONDS = 15;

    private final Serving serving;
    private final Ask ask;
    private final Shape shape;
    private final Metrics metrics;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final List<Choice> choices = new ArrayList<>();
    private final String id;
    private final long created = Instant.now().getEpochSecond();
    private final long begun = System.nanoTime();
    private int open;
    private long newTokens;
    private boolean anyText;

    Answering(Serving serving, Ask ask, Shape shape, Metrics metrics) {
        this.serving = serving;
        this.ask = ask;
        this.shape = shape;
        this.metrics = metrics;
        byte[] random = new byte[12];
        RANDOM.nextBytes(random);
        id = shape.idPrefix() + HexFormat.of().formatHex(random);
    }

    /** @return what was done, for a line of the log */
    String answer(Exchange exchange) throws ApiError, Gone, InterruptedException {
        List<Ticket> tickets = submit();
        tickets.forEach(ticket ->
                choices.add(new Choice(ticket.index(), ticket.request().prompt())));
        open = tickets.size();
        exchange.onGone(() -> events.add(new Event.ClientGone()));
        boolean ended = false;
        try {
            if (ask.stream()) {
                stream(exchange);
            } else {
                whole(exchange);
            }
            ended = true;
        } finally {
            if (!ended) {
                tickets.forEach(serving.desk()::drop);
            }
            metrics.tokens(ask.promptTokens(), newTokens);
        }
        return ask.model().name() + ", " + ask.promptTokens() + " + " + newTokens + " tokens";
    }

    private List<Ticket> submit() throws ApiError {
        try {
            return serving.desk().submit(ask.requests(), ask.model(), events);
        } catch (Desk.Full e) {
            throw ApiError.notNow(
                    429,
                    "queue_full",
                    "the queue of " + serving.desk().mostWaiting() + " requests is full: try again later",
                    metrics.secondsUntilRoom(
                            serving.desk().waiting(), serving.desk().running()));
        } catch (Desk.Shut e) {
            throw Api.closing();
        } catch (Desk.NoModel e) {
            throw ApiError.unknownModel("the model '" + ask.model().name() + "' has just been dropped");
        }
    }

    private void whole(Exchange exchange) throws ApiError, Gone, InterruptedException {
        while (open > 0) {
            take(events.take());
        }
        ObjectNode answer = envelope(shape.object());
        choices.forEach(choice -> answer.withArray("choices").add(shape.whole(choice)));
        answer.set("usage", usage());
        exchange.reply(Reply.json(200, answer.toString()));
    }

    /** Takes what comes into its choice. */
    private Choice take(Event event) throws ApiError, Gone {
        Choice choice =
                event.ticket() == null ? null : choices.get(event.ticket().index());
        switch (event) {
            case Event.Text text -> {
                firstText();
                if (!ask.silent()) {
                    choice.add(text.piece());
                }
            }
            case Event.Token token -> {
                // What ends a reply is no part of it, and nor is what nobody asked for.
                if (!ask.silent()
                        && !ask.like().endTokens().contains(token.score().id())) {
                    choice.add(token.score());
                }
            }
            case Event.PromptToken token -> choice.addPrompt(token.score());
            case Event.Done done -> {
                firstText();
                choice.end(
                        ask.silent() ? FinishReason.LENGTH : done.completion().reason());
                newTokens += ask.silent() ? 0 : done.completion().tokens().length;
                open--;
            }
            case Event.Failed failed -> throw ApiError.ours(failed.why().getMessage());
            case Event.Closed closed -> throw Api.closing();
            case Event.ClientGone gone -> throw new Gone();
        }
        return choice;
    }

    private void firstText() {
        if (!anyText) {
            anyText = true;
            metrics.firstText(System.nanoTime() - begun);
        }
    }

    private void stream(Exchange exchange) throws Gone, InterruptedException {
        exchange.stream(Map.of());
        StringBuilder out = new StringBuilder();
        for (Choice choice : choices) {
            shape.opening(choice).forEach(node -> chunk(out, node));
        }
        try {
            while (open > 0) {
                Event event = events.poll(out.isEmpty() ? SILENCE_SECONDS : 0, TimeUnit.SECONDS);
                if (event != null) {
                    told(out, event);
                } else if (out.isEmpty()) {
                    exchange.event(": still here\n\n");
                } else {
                    exchange.event(out.toString());
                    out.setLength(0);
                }
            }
            if (ask.usage()) {
                ObjectNode last = envelope(shape.chunkObject());
                last.putArray("choices");
                last.set("usage", usage());
                line(out, last);
            }
            out.append("data: [DONE]\n\n");
        } catch (ApiError e) {
            line(out, e.body()); // the status was sent long ago
        }
        exchange.end(out.toString());
    }

    private void told(StringBuilder out, Event event) throws ApiError, Gone {
        Choice choice = take(event);
        if (event instanceof Event.Text text && !ask.silent()) {
            chunk(out, shape.piece(choice, text.piece()));
        } else if (event instanceof Event.Done) {
            chunk(out, shape.closing(choice));
        }
    }

    private void chunk(StringBuilder out, ObjectNode choice) {
        ObjectNode chunk = envelope(shape.chunkObject());
        chunk.putArray("choices").add(choice);
        if (ask.usage()) {
            chunk.putNull("usage");
        }
        line(out, chunk);
    }

    private static void line(StringBuilder out, ObjectNode node) {
        out.append("data: ").append(node).append("\n\n");
    }

    private ObjectNode envelope(String object) {
        return JSON.objectNode()
                .put("id", id)
                .put("object", object)
                .put("created", created)
                .put("model", ask.model().name())
                .put("system_fingerprint", serving.version());
    }

    private ObjectNode usage() {
        return JSON.objectNode()
                .put("prompt_tokens", ask.promptTokens())
                .put("completion_tokens", newTokens)
                .put("total_tokens", ask.promptTokens() + newTokens);
    }
}
