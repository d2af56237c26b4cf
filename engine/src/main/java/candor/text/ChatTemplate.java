package candor.text;

import candor.BadInput;
import candor.io.IoReason;
import candor.text.template.Limits;
import candor.text.template.Template;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A model's chat template. Immutable; threads may share it.
 *
 * <p>Found as transformers finds it: chat_template.jinja, with named ones in additional_chat_templates/, else {@code
 * chat_template} in tokenizer_config.json, a string or a list of named templates. A conversation with tools takes the
 * one named {@code tool_use} where there is one.
 */
public final class ChatTemplate {
    private static final String DEFAULT = "default";
    private static final String TOOL_USE = "tool_use";
    private static final String FILE = "chat_template.jinja";

    private final Map<String, Template> templates;
    private final Map<String, String> sources;
    private final Map<String, Object> variables;
    private final LocalDateTime now;

    private ChatTemplate(
            Map<String, Template> templates,
            Map<String, String> sources,
            Map<String, Object> variables,
            LocalDateTime now) {
        this.templates = templates;
        this.sources = sources;
        this.variables = variables;
        this.now = now;
    }

    /**
     * @param now the time that templates print through {@code strftime_now} (those of Llama 3.2 put it into every
     *     system message): fixed here, so that the same conversation gives the same tokens
     */
    public static ChatTemplate load(Path folder, LocalDateTime now) {
        TokenizerFiles files = new TokenizerFiles(folder);
        Map<String, String> sources = sources(folder, files);
        Map<String, Template> templates = new LinkedHashMap<>();
        if (!sources.containsKey(DEFAULT)) {
            throw new BadInput(
                    folder + ": no chat template, neither in chat_template.jinja nor in tokenizer_config.json;"
                            + " is this a base model without one?");
        }
        sources.forEach((name, source) -> templates.put(name, Template.parse(label(folder, name), source)));
        return new ChatTemplate(templates, sources, files.named(), now);
    }

    /** Whether a model's folder has a template. */
    public static boolean isIn(Path folder) {
        return sources(folder, new TokenizerFiles(folder)).containsKey(DEFAULT);
    }

    private static Map<String, String> sources(Path folder, TokenizerFiles files) {
        Map<String, String> sources = new LinkedHashMap<>();
        JsonNode inConfig = files.config.path("chat_template");
        Path file = folder.resolve(FILE);
        if (Files.exists(file)) {
            sources.put(DEFAULT, TokenizerFiles.text(file));
            addFolder(folder.resolve("additional_chat_templates"), sources);
        } else if (inConfig.isTextual()) {
            sources.put(DEFAULT, inConfig.textValue());
        } else {
            for (JsonNode named : inConfig) {
                if (!named.path("name").isTextual() || !named.path("template").isTextual()) {
                    throw new BadInput(folder.resolve("tokenizer_config.json")
                            + ": chat_template is neither a string nor a list of {name, template}");
                }
                sources.put(
                        named.path("name").textValue(), named.path("template").textValue());
            }
        }
        return sources;
    }

    /** A template given as text; special tokens and other variables that it uses go into {@code variables}. */
    public static ChatTemplate of(String name, String source, Map<String, Object> variables, LocalDateTime now) {
        return new ChatTemplate(
                Map.of(DEFAULT, Template.parse(name, source)),
                Map.of(DEFAULT, source),
                JsonValues.copyOfMap(variables),
                now);
    }

    private static void addFolder(Path folder, Map<String, String> sources) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (var files = Files.list(folder)) {
            files.filter(f -> f.toString().endsWith(".jinja")).sorted().forEach(f -> {
                String name = f.getFileName().toString();
                sources.put(name.substring(0, name.length() - ".jinja".length()), TokenizerFiles.text(f));
            });
        } catch (java.io.IOException e) {
            throw new BadInput(folder + ": cannot be listed: " + IoReason.of(e), e);
        }
    }

    private static String label(Path folder, String name) {
        Path file = folder.resolve(FILE);
        Path shown = Files.exists(file) ? file : folder.resolve("tokenizer_config.json");
        return name.equals(DEFAULT) ? shown.toString() : shown + " (" + name + ")";
    }

    /** The same template with more variables, such as {@code enable_thinking}; special tokens stay unless named. */
    public ChatTemplate withVariables(Map<String, Object> more) {
        Map<String, Object> all = new LinkedHashMap<>(variables);
        all.putAll(JsonValues.copyOfMap(more));
        return new ChatTemplate(templates, sources, all, now);
    }

    /** Whether the text depends on the date that the template was loaded with. */
    public boolean usesDate() {
        return sources.values().stream().anyMatch(source -> source.contains("strftime_now"));
    }

    /** Whether a name occurs in the template, as a variable, a field or a text. */
    boolean mentions(String name) {
        return sources.values().stream().anyMatch(source -> source.contains(name));
    }

    /** Whether the template reads a field of this name: {@code m.name}, {@code m["name"]}, {@code m.get('name')}, {@code 'name' in m}. */
    boolean readsField(String name) {
        Pattern use = Pattern.compile("(\\.|['\"])" + Pattern.quote(name) + "(?!\\w)");
        return sources.values().stream().anyMatch(source -> use.matcher(source).find());
    }

    /** The time that the template prints. */
    public LocalDateTime now() {
        return now;
    }

    /** The text of the template that a conversation without tools uses, for hashes. */
    public String source() {
        return sources.get(DEFAULT);
    }

    /** The conversation as the model reads it. */
    public String render(Conversation conversation, boolean addGenerationPrompt) {
        return renderMarked(conversation, addGenerationPrompt).text();
    }

    /** The same, with what the template marks by {@code generation} blocks. */
    public Template.Rendered renderMarked(Conversation conversation, boolean addGenerationPrompt) {
        Map<String, Object> all = new LinkedHashMap<>(variables);
        all.putAll(conversation.variables());
        List<Object> messages =
                conversation.messages().stream().<Object>map(Message::fields).toList();
        all.put("messages", messages);
        all.put("tools", conversation.tools());
        all.put("documents", null);
        all.put("add_generation_prompt", addGenerationPrompt);
        boolean tools = conversation.tools() != null && templates.containsKey(TOOL_USE);
        return templates.get(tools ? TOOL_USE : DEFAULT).render(all, now, Limits.DEFAULT);
    }
}
