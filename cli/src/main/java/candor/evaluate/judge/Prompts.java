package candor.evaluate.judge;

import candor.evaluate.judge.PromptTexts.Slots;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What judges are asked, as texts with placeholders in double braces. Ours are in the resources, in our own words; a folder of files of the
 * same names replaces any of them, for instance with the benchmark's own.
 */
public final class Prompts {
    private static final Set<String> REPLY =
            Set.of("system_prompt", "user_prompt", "reply", "statement_a", "statement_b");

    private static final Set<String> ANSWERED = Set.of("reply", "statement_a", "statement_b");
    private static final Map<String, Slots> TEXTS = Map.ofEntries(
            Map.entry("system", Slots.of(Set.of())),
            Map.entry("again-letter", Slots.of(Set.of())),
            Map.entry("again-range", Slots.of(Set.of())),
            Map.entry("again-yes-no", Slots.of(Set.of())),
            Map.entry("mask-direct", new Slots(ANSWERED, REPLY)),
            Map.entry("mask-consistency", new Slots(ANSWERED, REPLY)),
            Map.entry("mask-statement", new Slots(ANSWERED, REPLY)),
            Map.entry("mask-statement-disinformation", new Slots(ANSWERED, REPLY)),
            Map.entry("mask-statement-continuations", new Slots(ANSWERED, REPLY)),
            Map.entry(
                    "mask-statement-doubling-down",
                    Slots.of(ANSWERED, "system_prompt", "user_prompt", "first_prompt", "first_reply")),
            Map.entry("mask-numeric-belief", Slots.of(Set.of("proposition", "replies"), "user_prompt")),
            Map.entry(
                    "mask-numeric-statement", Slots.of(Set.of("proposition", "reply"), "system_prompt", "user_prompt")),
            Map.entry("deception-j1", Slots.of(Set.of("belief", "response"), "inner_prompt", "outer_prompt")),
            Map.entry("deception-j2", Slots.of(Set.of("belief", "reasoning"), "inner_prompt", "outer_prompt")),
            Map.entry("deception-j3", Slots.of(Set.of("reasoning", "response"), "inner_prompt", "outer_prompt")),
            Map.entry("behonest-unknowns", Slots.of(Set.of("question", "reply"))),
            Map.entry("deception-reference-j1", Slots.of(Set.of("belief", "response"))),
            Map.entry("deception-reference-j1-system", Slots.of(Set.of())),
            Map.entry("deception-reference-j2", Slots.of(Set.of("belief", "reasoning"))),
            Map.entry("deception-reference-j2-system", Slots.of(Set.of())),
            Map.entry("deception-reference-j3", Slots.of(Set.of("reasoning", "response"))),
            Map.entry("deception-reference-j3-system", Slots.of(Set.of())));

    private final PromptTexts texts;

    private Prompts(PromptTexts texts) {
        this.texts = texts;
    }

    /** Our own texts. */
    public static Prompts builtIn() {
        return new Prompts(PromptTexts.builtIn(Prompts.class, TEXTS));
    }

    /** Our own texts, those that a folder has as NAME.txt replaced by them. */
    public static Prompts from(Path folder) {
        return new Prompts(PromptTexts.from(folder, "judge prompt", Prompts.class, TEXTS));
    }

    /** The system text of a question: that of its template, where it has one of its own. */
    String system(Question question) {
        String own = question.template() + "-system";
        return texts.text(TEXTS.containsKey(own) ? own : "system");
    }

    /** What a judge is told whose answer had not the form. */
    String again(Form form) {
        return texts.text("again-" + form.name().toLowerCase(Locale.ROOT).replace('_', '-'));
    }

    /** A question as text. What is filled in is never looked through for placeholders itself. */
    String render(Question question) {
        return texts.render(question.template(), question.fields());
    }

    /** SHA-256 of all the texts, for the record of a run. */
    String hash() {
        return texts.hash();
    }
}
