package candor.text.template;

import candor.BadInput;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A parsed template. Immutable, so threads may share it.
 *
 * <p>Errors of the template, and what it refuses by {@code raise_exception}, are {@link BadInput} with the template's
 * name and line.
 */
public final class Template {
    private final String name;
    private final List<Stmt> body;
    private final Map<List<Stmt>, Set<String>> unsetNames;

    private Template(String name, List<Stmt> body) {
        this.name = name;
        this.body = body;
        this.unsetNames = Frames.unsetNames(body);
    }

    /**
     * What a rendering gives.
     *
     * @param generations what the template marks by {@code generation} blocks, in order
     */
    public record Rendered(String text, List<Span> generations) {}

    /** A part of the rendered text, in UTF-16 units; the end is exclusive. */
    public record Span(int start, int end) {}

    /** @param name for error messages, such as the file that the source comes from */
    public static Template parse(String name, String source) {
        try {
            return new Template(name, Parser.parse(source));
        } catch (TemplateError e) {
            throw new BadInput("chat template " + name + ", line " + e.line() + ": " + e.getMessage());
        }
    }

    /**
     * @param variables None as null, String, Boolean, Long, {@code BigInteger} beyond Long, Double, List and Map with
     *     String keys, all the way down; they are not changed
     * @param now what {@code strftime_now} formats
     */
    public Rendered render(Map<String, Object> variables, LocalDateTime now, Limits limits) {
        Interpreter interpreter = new Interpreter(unsetNames, new Environment(now), new Budget(limits));
        try {
            return interpreter.render(body, variables);
        } catch (TemplateError e) {
            throw new BadInput("chat template " + name + ", line " + interpreter.line() + ": " + e.getMessage());
        }
    }
}
