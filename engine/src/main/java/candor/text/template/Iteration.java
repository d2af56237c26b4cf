package candor.text.template;

import candor.text.template.TemplateObject.DictView;
import candor.text.template.TemplateObject.Loop;
import candor.text.template.TemplateObject.OneShot;
import candor.text.template.TemplateObject.Undefined;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Python's iteration: what {@code for} runs over. */
final class Iteration {
    private Iteration() {}

    static boolean possible(Object v) {
        return v instanceof String
                || v instanceof Map<?, ?>
                || v instanceof DictView
                || v instanceof OneShot
                || v instanceof Undefined
                || v instanceof Loop
                || Values.indexed(v) != null;
    }

    /** The elements; an error for what has none. A generator is used up. */
    static List<Object> list(Object v, Budget budget) {
        List<?> indexed = Values.indexed(v);
        if (indexed != null) {
            budget.steps(indexed.size());
            return new ArrayList<>(indexed);
        }
        return switch (v) {
            case String s -> {
                budget.steps(s.length());
                yield Chars.split(s);
            }
            case Map<?, ?> m -> {
                budget.steps(m.size());
                yield new ArrayList<>(m.keySet());
            }
            case DictView d -> d.items();
            case OneShot o -> {
                List<Object> items = new ArrayList<>();
                o.take().forEachRemaining(items::add);
                yield items;
            }
            case Undefined u -> List.of();
            case null, default -> throw new TemplateError("a " + Values.typeName(v) + " cannot be iterated over");
        };
    }

    /** Python's {@code len}. */
    static long length(Object v) {
        List<?> indexed = Values.indexed(v);
        if (indexed != null) {
            return indexed.size();
        }
        return switch (v) {
            case String s -> Chars.length(s);
            case TemplateObject.Markup m -> Chars.length(m.text());
            case Map<?, ?> m -> m.size();
            case DictView d -> d.items().size();
            case Undefined u -> 0;
            case Loop l -> l.items.size();
            case null, default -> throw new TemplateError("a " + Values.typeName(v) + " has no length");
        };
    }
}
