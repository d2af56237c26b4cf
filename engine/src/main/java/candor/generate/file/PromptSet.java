package candor.generate.file;

import candor.BadInput;
import candor.data.Prompt;
import candor.data.PromptReader;
import candor.io.Sha256;
import candor.model.ModelConfig;
import candor.text.ChatEncoder;
import candor.text.ChatTemplate;
import candor.text.SpecialTextPolicy;
import candor.text.TemplateChoice;
import candor.text.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The prompts of a file as the model reads them. */
final class PromptSet {
    /**
     * A prompt.
     *
     * @param ids token ids
     * @param key who it is to the random numbers: the same for the same tokens, wherever in the file they stand; the second
     *            prompt of the same tokens has another key than the first
     */
    record Encoded(Prompt prompt, int[] ids, long key) {}

    private final List<Encoded> prompts;

    private PromptSet(List<Encoded> prompts) {
        this.prompts = prompts;
    }

    List<Encoded> prompts() {
        return prompts;
    }

    int longest() {
        return prompts.stream().mapToInt(prompt -> prompt.ids().length).max().orElseThrow();
    }

    /**
     * Reads and encodes all prompts.
     *
     * @param date   what templates print as today
     * @param choice which chat template renders prompts; what a row says of its own wins
     * @throws BadInput for a row that cannot be encoded, or is too long for the model; for a template that is missing
     */
    static PromptSet read(
            Path file,
            Path model,
            ModelConfig config,
            Tokenizer tokenizer,
            SpecialTextPolicy policy,
            LocalDate date,
            TemplateChoice choice) {
        ChatTemplate template = null;
        Map<ByteBuffer, Integer> seen = new HashMap<>();
        List<Encoded> encoded = new ArrayList<>();
        for (Prompt prompt : PromptReader.readAll(file)) {
            if (prompt.conversation() != null && template == null) {
                template = choice.load(model, date.atStartOfDay());
            }
            try {
                int[] ids = encode(prompt, tokenizer, template, policy);
                check(ids, config);
                encoded.add(new Encoded(prompt, ids, key(ids, seen)));
            } catch (BadInput e) {
                throw e.at(prompt.origin().toString());
            }
        }
        return new PromptSet(encoded);
    }

    private static int[] encode(Prompt prompt, Tokenizer tokenizer, ChatTemplate template, SpecialTextPolicy policy) {
        if (prompt.conversation() != null) {
            return new ChatEncoder(tokenizer, template, policy).encodePrompt(prompt.conversation());
        }
        if (policy == SpecialTextPolicy.REFUSE) {
            tokenizer.specialTextIn(prompt.text()).ifPresent(token -> {
                throw new BadInput(
                        "the prompt holds the text " + token + ", which the tokenizer takes for a special token",
                        "remove it, or let it be that token with {keep_special_tokens}");
            });
        }
        return tokenizer.encode(prompt.text(), true);
    }

    private static void check(int[] ids, ModelConfig config) {
        if (ids.length == 0) {
            throw new BadInput("the prompt has no token; say something");
        }
        if (ids.length >= config.maxPositionEmbeddings()) {
            throw new BadInput("the prompt has " + ids.length + " tokens, and the model takes "
                    + config.maxPositionEmbeddings() + " with what comes after it; shorten the prompt");
        }
        for (int id : ids) {
            if (id < 0 || id >= config.vocabSize()) {
                throw new BadInput("the prompt has token " + id + ", and the model's vocabulary has "
                        + config.vocabSize() + "; do the tokenizer and the weights belong together?");
            }
        }
    }

    private static long key(int[] ids, Map<ByteBuffer, Integer> seen) {
        ByteBuffer bytes = ByteBuffer.allocate(ids.length * Integer.BYTES);
        bytes.asIntBuffer().put(ids);
        byte[] hash = new Sha256().add(bytes.array()).sum();
        int before = seen.merge(ByteBuffer.wrap(hash), 1, Integer::sum) - 1;
        return new Sha256()
                .add(hash)
                .add(ByteBuffer.allocate(Integer.BYTES).putInt(before).array())
                .leading();
    }
}
