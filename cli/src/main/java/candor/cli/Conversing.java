package candor.cli;

import candor.BadInput;
import candor.generate.ChatSession;
import candor.generate.FinishReason;
import candor.lora.Adapter;
import candor.train.config.Setting;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.function.Function;

/** Takes turns: something is said, or one of the slash commands is given. */
final class Conversing {
    private static final String HELP = """
            /adapter DIR   talk through this adapter; without DIR, through the base model
            /system TEXT   say this first from now on; without TEXT, nothing
            /reset         forget what was said
            /exit          end (so does Ctrl-D)
            """;

    private final ChatSession session;
    private final Function<Path, Adapter> adapters;
    private final ChatSurface surface;

    /** @param adapters loads the adapter of a folder */
    Conversing(ChatSession session, Function<Path, Adapter> adapters, ChatSurface surface) {
        this.session = session;
        this.adapters = adapters;
        this.surface = surface;
    }

    /** Until the end of the input, or {@code /exit}. What cannot be done is said, and the conversation goes on. */
    void run() {
        for (String line = surface.read(); line != null; line = surface.read()) {
            if (line.isBlank()) {
                continue;
            }
            String text = line.strip();
            if (text.equals("/exit") || text.equals("/quit")) {
                return;
            }
            try {
                if (text.startsWith("/")) {
                    command(text);
                } else {
                    say(line);
                }
            } catch (BadInput e) {
                surface.note("error: " + e.message(Setting::flagOf));
            }
        }
    }

    private void say(String text) {
        FinishReason reason = session.say(text, surface::reply, surface.stopWanted());
        surface.replyEnds();
        if (reason == null) {
            surface.note("(stopped)");
        } else if (reason == FinishReason.LENGTH) {
            surface.note("(cut at --max-new-tokens or the end of the context)");
        }
    }

    private void command(String text) {
        String[] parts = text.split("\\s+", 2);
        String rest = parts.length > 1 ? parts[1].strip() : "";
        switch (parts[0]) {
            case "/reset" -> {
                session.reset();
                surface.note("(new conversation)");
            }
            case "/system" -> {
                session.system(rest.isEmpty() ? null : rest);
                surface.note(rest.isEmpty() ? "(no system message)" : "(system message set)");
            }
            case "/adapter" -> {
                session.adapter(rest.isEmpty() ? null : adapters.apply(path(rest)));
                surface.note(rest.isEmpty() ? "(the base model)" : "(adapter " + rest + ")");
            }
            case "/help" -> surface.note(HELP.stripTrailing());
            default -> throw new BadInput(parts[0] + ": no such command; /help lists them");
        }
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new BadInput(text + ": is not a path; give the folder of an adapter", e);
        }
    }
}
