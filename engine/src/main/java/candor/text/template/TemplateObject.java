package candor.text.template;

import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** The values of a template that are no plain Java object; see {@link Values} for those. */
sealed interface TemplateObject {

    record Tuple(List<Object> items) implements TemplateObject {}

    /** What a missing variable, attribute or item gives: it prints as nothing, and most uses of it are errors. */
    record Undefined(String message) implements TemplateObject {}

    record Range(long start, long stop, long step) implements TemplateObject {
        int size() {
            long span = step > 0 ? stop - start + step - 1 : start - stop - step - 1;
            return (int) Math.max(0, span / Math.abs(step));
        }
    }

    /** {@code namespace(…)}: the one value that a template can change, by {@code set ns.field = …}. */
    record Namespace(Map<String, Object> fields) implements TemplateObject {}

    /** What {@code | safe} gives: without automatic escaping it is text that may only be printed here. */
    record Markup(String text) implements TemplateObject {}

    /** {@code dict.items()} and its like: it has a length but no indices. */
    record DictView(String kind, List<Object> items) implements TemplateObject {}

    /** Python's generators: what {@code map} or {@code select} give. Its elements can be taken once. */
    final class OneShot implements TemplateObject {
        private Iterator<Object> rest;

        OneShot(List<Object> items) {
            this.rest = items.iterator();
        }

        Iterator<Object> take() {
            Iterator<Object> taken = rest;
            rest = Collections.emptyIterator();
            return taken;
        }

        Iterator<Object> peek() {
            return rest;
        }
    }

    /** A macro with the variables it sees. */
    record Macro(Stmt.MacroCode code, Scope scope) implements TemplateObject {}

    /** {@code object.method}, not called yet. */
    record Method(Object receiver, String name) implements TemplateObject {}

    /** A global function. */
    record Builtin(String name) implements TemplateObject {}

    /** The variable {@code loop}. */
    final class Loop implements TemplateObject {
        final List<Object> items;
        int index;
        /** What {@code loop.changed} was last given; null before the first time. */
        List<Object> last;

        Loop(List<Object> items) {
            this.items = items;
        }
    }
}
