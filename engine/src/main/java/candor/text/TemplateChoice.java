package candor.text;

import candor.BadInput;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which chat template renders conversations, and what it is told besides them.
 *
 * @param template {@link #MODELS_OWN}, one of {@link #SHIPPED}, or the path of a Jinja file
 * @param kwargs   a JSON object of more variables, such as {@code {"enable_thinking": false}}; {@code {}} for none. As
 *     transformers' {@code apply_chat_template} takes them; one that a row has of its own wins
 */
public record TemplateChoice(String template, String kwargs) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<String> TAKEN = Set.of("messages", "tools", "documents", "add_generation_prompt");

    /** The template that lies beside the model. */
    public static final String MODELS_OWN = "model";

    /** Templates that come with the program, in the forms that LLaMA-Factory trains with under the same names. */
    public static final List<String> SHIPPED = List.of("llama3", "qwen");

    /** The model's own template, told nothing. */
    public static final TemplateChoice DEFAULT = new TemplateChoice(MODELS_OWN, "{}");

    /**
     * Checks both.
     *
     * @throws BadInput for a file that is not there, and for {@code kwargs} that are no JSON object, or name what a
     *     conversation itself says
     */
    public TemplateChoice {
        if (isFile(template) && !Files.isRegularFile(Path.of(template))) {
            throw new BadInput("chat template " + template + ": is not a file; give the path of a Jinja file, "
                    + String.join(" or ", SHIPPED) + " for one that comes with the program, or " + MODELS_OWN
                    + " for the model's own");
        }
        kwargs = canonical(kwargs);
    }

    private static String canonical(String text) {
        JsonNode node;
        try {
            node = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new BadInput(
                    "chat template kwargs: not JSON: " + text + "; write them as {\"enable_thinking\": false}", e);
        }
        if (node == null || !node.isObject()) {
            throw new BadInput(
                    "chat template kwargs: must be a JSON object such as {\"enable_thinking\": false}, not " + text);
        }
        node.fieldNames().forEachRemaining(name -> {
            if (TAKEN.contains(name)) {
                throw new BadInput("chat template kwargs: " + name + " comes from the conversation; remove it");
            }
        });
        return node.toString();
    }

    /**
     * Whether the template is a file of the user's.
     *
     * @return false for the model's own and for those that come with the program
     */
    public boolean isFile() {
        return isFile(template);
    }

    /**
     * Whether a choice is the path of a file, and no name.
     *
     * @param template as {@link #template} has it
     * @return false for the model's own and for those that come with the program
     */
    public static boolean isFile(String template) {
        return !template.equals(MODELS_OWN) && !SHIPPED.contains(template);
    }

    /**
     * Reads the template.
     *
     * @param folder of the model, whose special tokens any template uses
     * @param now    the time that templates print which print one
     * @return the template, told what this choice tells it
     */
    public ChatTemplate load(Path folder, LocalDateTime now) {
        ChatTemplate read;
        if (template.equals(MODELS_OWN)) {
            read = ChatTemplate.load(folder, now);
        } else {
            String source = isFile() ? TokenizerFiles.text(Path.of(template)) : shipped(template);
            read = ChatTemplate.of(template, source, new TokenizerFiles(folder).named(), now);
        }
        return read.withVariables(variables());
    }

    /**
     * What the template is told.
     *
     * @return JSON values by name, as {@link ChatTemplate#withVariables} takes them
     */
    public Map<String, Object> variables() {
        try {
            return JsonValues.mapOf(JSON.readTree(kwargs));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("was read before", e);
        }
    }

    /**
     * What tokens follow from, beside the model's folder.
     *
     * @return a text that is another one for every other choice; empty for {@link #DEFAULT}
     */
    public String fingerprint() {
        if (equals(DEFAULT)) {
            return "";
        }
        String source = template.equals(MODELS_OWN)
                ? MODELS_OWN
                : isFile() ? TokenizerFiles.text(Path.of(template)) : shipped(template);
        return source + "\n" + kwargs;
    }

    private static String shipped(String name) {
        try (InputStream in = TemplateChoice.class.getResourceAsStream("templates/" + name + ".jinja")) {
            if (in == null) {
                throw new IllegalStateException("the program lacks the template " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
