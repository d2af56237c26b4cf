package candor.cli;

import candor.data.Example.Chat;
import candor.data.Example.Content;
import candor.data.Example.PlainText;
import candor.data.Example.PromptAndCompletion;
import candor.data.Example.WholeText;
import candor.text.ChatEncoder;
import candor.text.ChatTemplate;
import candor.text.MaskedText;
import candor.text.SpecialTextPolicy;
import candor.text.Tokenizer;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
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

    @Option(names = "--model", paramLabel = "DIR", description = ModelOptions.HELP)
    private Path model;

    @Option(names = "--messages", required = true, paramLabel = "FILE.jsonl", description = RowLines.HELP)
    private Path messages;

    @Mixin
    private TemplateOptions rendering;

    @Option(names = "--add-generation-prompt", description = "End with the text that makes the assistant's turn begin.")
    private boolean addGenerationPrompt;

    @Option(
            names = "--date",
            paramLabel = "YYYY-MM-DD",
            description = "The date for templates that print one; today's, if not given.")
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

    @Override
    public Integer call() {
        LocalDateTime now = date == null ? LocalDateTime.now() : date.atStartOfDay();
        SpecialTextPolicy policy = keepSpecialTokens ? SpecialTextPolicy.KEEP : SpecialTextPolicy.REFUSE;
        Path folder = ModelOptions.orEmbedded(model);
        Tokenizer tokenizer = Tokenizer.load(folder);
        ChatTemplate template = rendering.choice().load(folder, now);
        ChatEncoder encoder = new ChatEncoder(tokenizer, template, policy);
        boolean terminal = Tty.isTerminal(Tty.STDOUT);
        boolean colored = color == Color.ALWAYS || (color == Color.AUTO && Tty.canColour(Tty.STDOUT) && !mask);
        RowLines.forEach(messages, content -> System.out.print(shown(encoder, content, colored, terminal)));
        return ExitCode.DONE;
    }

    private String shown(ChatEncoder encoder, Content content, boolean colored, boolean terminal) {
        String text =
                switch (content) {
                    case Chat(var conversation) -> encoder.renderPlain(conversation, addGenerationPrompt);
                    case PromptAndCompletion(var prompt, var completion) ->
                        encoder.renderPlain(prompt.followedBy(completion), addGenerationPrompt);
                    case PlainText _, WholeText _ -> masked(encoder, content).text();
                };
        String shown = text;
        if (colored || mask) {
            shown = MaskView.show(masked(encoder, content).within(text), colored, mask);
        } else if (terminal) {
            shown = MaskView.printable(text);
        }
        return text.endsWith("\n") ? shown : shown + "\n";
    }

    private static MaskedText masked(ChatEncoder encoder, Content content) {
        return switch (content) {
            case Chat(var conversation) -> encoder.render(conversation);
            case PromptAndCompletion(var prompt, var completion) -> encoder.render(prompt, completion);
            case PlainText(String prompt, String completion) -> encoder.renderText(prompt, completion);
            case WholeText(String text) -> encoder.renderText("", text);
        };
    }
}
