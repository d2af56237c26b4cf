package candor.cli;

import candor.BadInput;
import candor.text.Tokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Token ids of what comes in. */
@Command(
        name = "tokenize",
        description = "Reads lines of text from stdin, and prints the token ids of each as a JSON array on a line.")
final class TokenizeCommand implements Callable<Integer> {
    @Option(names = "--model", paramLabel = "DIR", description = ModelOptions.HELP)
    private Path model;

    @Option(
            names = "--no-special-tokens",
            description = "Leave out the tokens that the tokenizer puts around a text, such as the one that begins it.")
    private boolean noSpecialTokens;

    @Override
    public Integer call() {
        Tokenizer tokenizer = Tokenizer.load(ModelOptions.orEmbedded(model));
        try (TextLines lines = new TextLines("stdin", System.in)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                System.out.println(ids(tokenizer, line, lines));
            }
        }
        return ExitCode.DONE;
    }

    private String ids(Tokenizer tokenizer, String line, TextLines lines) {
        try {
            return Arrays.stream(tokenizer.encode(line, !noSpecialTokens))
                    .mapToObj(String::valueOf)
                    .collect(Collectors.joining(", ", "[", "]"));
        } catch (BadInput e) {
            throw new BadInput(lines.place() + ": " + e.getMessage(), e);
        }
    }
}
