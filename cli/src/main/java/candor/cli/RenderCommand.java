package candor.cli;

import candor.BadInput;
import candor.text.ChatEncoder;
import candor.text.ChatTemplate;
import candor.text.Conversation;
import candor.text.JsonValues;
import candor.text.MaskedText;
import candor.text.Message;
import candor.text.SpecialTextPolicy;
import candor.text.Tokenizer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Conversations as the model reads them, and what the loss counts of them. */
@Command(
        name = "render",
        description = {
            "Prints conversations as the model's chat template renders them.",
            "On a terminal, or with --color always or --mask, what the loss counts is shown, and control characters are"
                    + " written as escapes; otherwise the text comes out as it is."
        })
final class RenderCommand implements Callable<Integer> {
    /** When colours are used. */
    enum Color {
        AUTO,
        ALWAYS,
        NEVER
    }

    private static final ObjectMapper JSON = new ObjectMapper();

    @Option(names = "--model", paramLabel = "DIR", description = ModelOptions.HELP)
    private Path model;

    @Option(
            names = "--messages",
            required = true,
            paramLabel = "FILE.jsonl",
            description =
                    "One conversation a line: an object with \"messages\" (and, where wanted, \"tools\" and"
                            + " \"chat_template_kwargs\"), one with \"prompt\" and \"completion\" as messages, or an array of messages.")
    private Path messages;

    @Mixin
    private TemplateOptions rendering;

    @Option(names = "--add-generation-prompt", description = "End with the text that makes the assistant's turn begin.")
    private boolean addGenerationPrompt;

    @Option(
            names = "--date",
            paramLabel = "YYYY-MM-DD",
            description = "The date that templates print which print one; today's, if not given.")
    private LocalDate date;

    @Option(
            names = "--color",
            defaultValue = "auto",
            paramLabel = "WHEN",
            description = "Show in colour what the loss counts: ${COMPLETION-CANDIDATES}.")
    private Color color;

    @Option(names = "--mask", description = "Show by ⟦ and ⟧ what the loss counts.")
    private boolean mask;

    @Option(
            names = "--keep-special-tokens",
            description =
                    "Let the text of a special token inside a message become that token, instead of refusing the row.")
    private boolean keepSpecialTokens;

    /**
     * One line of the file.
     *
     * @param completion what follows the conversation and is alone in the loss; null where all replies are
     */
    private record Row(Conversation conversation, List<Message> completion, Map<String, Object> variables) {
        Conversation whole() {
            return completion == null ? conversation : conversation.followedBy(completion);
        }
    }

    @Override
    public Integer call() {
        LocalDateTime now = date == null ? LocalDateTime.now() : date.atStartOfDay();
        SpecialTextPolicy policy = keepSpecialTokens ? SpecialTextPolicy.KEEP : SpecialTextPolicy.REFUSE;
        Path folder = ModelOptions.orEmbedded(model);
        Tokenizer tokenizer = Tokenizer.load(folder);
        ChatTemplate template = rendering.choice().load(folder, now);
        boolean terminal = Tty.isTerminal(Tty.STDOUT);
        boolean colored = color == Color.ALWAYS || (color == Color.AUTO && Tty.canColour(Tty.STDOUT) && !mask);
        try (TextLines lines = open()) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                if (line.isBlank()) {
                    continue;
                }
                try {
                    Row row = row(line);
                    ChatEncoder encoder = new ChatEncoder(tokenizer, template.withVariables(row.variables()), policy);
                    System.out.print(shown(encoder, row, colored, terminal));
                } catch (BadInput e) {
                    throw new BadInput(lines.place() + ": " + e.getMessage(), e);
                }
            }
        }
        return ExitCode.DONE;
    }

    private TextLines open() {
        try {
            return new TextLines(messages.toString(), Files.newInputStream(messages));
        } catch (IOException e) {
            throw new BadInput(messages + ": cannot be read: is there such a file?", e);
        }
    }

    private String shown(ChatEncoder encoder, Row row, boolean colored, boolean terminal) {
        String text = encoder.renderPlain(row.whole(), addGenerationPrompt);
        String shown = text;
        if (colored || mask) {
            MaskedText masked = row.completion() == null
                    ? encoder.render(row.conversation())
                    : encoder.render(row.conversation(), row.completion());
            shown = MaskView.show(masked.within(text), colored, mask);
        } else if (terminal) {
            shown = MaskView.printable(text);
        }
        return text.endsWith("\n") ? shown : shown + "\n";
    }

    private static Row row(String line) {
        Object value;
        try {
            value = JsonValues.of(JSON.readTree(line));
        } catch (JsonProcessingException e) {
            // Jackson adds where the bracket opened, in its own words and columns of a line that is all there is.
            throw new BadInput("not JSON: " + e.getOriginalMessage().replaceFirst(" \\(start marker at .*", ""), e);
        }
        if (value instanceof List<?> list) {
            return new Row(new Conversation(messages(list)), null, Map.of());
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw new BadInput("neither an object nor an array of messages");
        }
        String first = map.containsKey("prompt") ? "prompt" : "messages";
        Conversation conversation = new Conversation(column(map, first), tools(map.get("tools")));
        boolean completed = first.equals("prompt") && map.get("completion") != null;
        return new Row(
                conversation, completed ? column(map, "completion") : null, variables(map.get("chat_template_kwargs")));
    }

    private static List<Message> column(Map<?, ?> row, String name) {
        if (!(row.get(name) instanceof List<?> list)) {
            throw new BadInput("\"" + name + "\" is missing, or no array of messages");
        }
        return messages(list);
    }

    private static List<Message> messages(List<?> list) {
        if (list.isEmpty()) {
            throw new BadInput("there is no message");
        }
        List<Message> messages = new ArrayList<>();
        for (Object item : list) {
            messages.add(new Message(object(item, "message " + (messages.size() + 1))));
        }
        return messages;
    }

    private static List<Object> tools(Object tools) {
        if (tools != null && !(tools instanceof List<?>)) {
            throw new BadInput("\"tools\" is no array");
        }
        return tools == null ? null : new ArrayList<>((List<?>) tools);
    }

    private static Map<String, Object> variables(Object value) {
        return value == null ? Map.of() : object(value, "\"chat_template_kwargs\"");
    }

    private static Map<String, Object> object(Object value, String what) {
        if (!(value instanceof Map<?, ?> map)) {
            throw new BadInput(what + " is no object");
        }
        Map<String, Object> fields = new java.util.LinkedHashMap<>();
        map.forEach((key, field) -> fields.put((String) key, field));
        return fields;
    }
}
