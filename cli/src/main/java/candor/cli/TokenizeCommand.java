package candor.cli;

import candor.BadInput;
import candor.data.ChatRowEncoder;
import candor.data.EncodedRow;
import candor.data.Example;
import candor.data.LossOn;
import candor.data.RowEncoder;
import candor.data.read.Origin;
import candor.text.ChatEncoder;
import candor.text.ChatTemplate;
import candor.text.SpecialTextPolicy;
import candor.text.Tokenizer;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Token ids of what comes in. */
@Command(
        name = "tokenize",
        description = {
            "Reads lines of text from stdin, and prints the token ids of each as a JSON array on a line.",
            "With --messages, reads rows of training data, and prints for each an object of \"ids\" and of \"learnt\": 1 for a"
                    + " token that training learns to say, 0 for one that it only reads."
        })
final class TokenizeCommand implements Callable<Integer> {
    @Option(names = "--model", paramLabel = "DIR", description = ModelOptions.HELP)
    private Path model;

    @Option(
            names = "--no-special-tokens",
            description = "Leave out the tokens that the tokenizer puts around a text, such as the one that begins it.")
    private boolean noSpecialTokens;

    @Option(names = "--messages", paramLabel = "FILE.jsonl", description = RowLines.HELP)
    private Path messages;

    @Mixin
    private TemplateOptions rendering;

    @Override
    public Integer call() {
        Path folder = ModelOptions.orEmbedded(model);
        Tokenizer tokenizer = Tokenizer.load(folder);
        if (messages != null) {
            ChatTemplate template = rendering.choice().load(folder, LocalDateTime.now());
            RowEncoder encoder = new ChatRowEncoder(
                    new ChatEncoder(tokenizer, template, SpecialTextPolicy.REFUSE), LossOn.COMPLETION);
            RowLines.forEach(
                    messages,
                    content -> System.out.println(
                            json(encoder.encode(new Example(content, null, new Origin(messages, 0, 0))))));
            return ExitCode.DONE;
        }
        try (TextLines lines = new TextLines("stdin", System.in)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                System.out.println(ids(tokenizer, line, lines));
            }
        }
        return ExitCode.DONE;
    }

    private static ObjectNode json(EncodedRow row) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ArrayNode ids = json.putArray("ids");
        ArrayNode learnt = json.putArray("learnt");
        for (int t = 0; t < row.length(); t++) {
            ids.add(row.ids()[t]);
            // Nothing predicts the first token.
            learnt.add(t > 0 && row.target()[t] ? 1 : 0);
        }
        return json;
    }

    private String ids(Tokenizer tokenizer, String line, TextLines lines) {
        try {
            return Arrays.stream(tokenizer.encode(line, !noSpecialTokens))
                    .mapToObj(String::valueOf)
                    .collect(Collectors.joining(", ", "[", "]"));
        } catch (BadInput e) {
            throw e.at(lines.place());
        }
    }
}
