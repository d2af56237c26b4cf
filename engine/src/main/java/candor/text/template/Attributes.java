package candor.text.template;

import candor.text.template.TemplateObject.Loop;
import candor.text.template.TemplateObject.Method;
import candor.text.template.TemplateObject.Namespace;
import candor.text.template.TemplateObject.Undefined;
import java.util.List;
import java.util.Map;

/**
 * {@code a.b} and {@code a[b]}. The first looks for an attribute (here: a method, a field of a namespace, a property of
 * {@code loop}) and then for an item, the second the other way round.
 */
final class Attributes {
    private Attributes() {}

    static Object attribute(Object object, String name, Budget budget) {
        Operators.checkDefined(object);
        Object own = own(object, name);
        if (own != Dicts.ABSENT) {
            return own;
        }
        if (object instanceof Map<?, ?> map && map.containsKey(name)) {
            return map.get(name);
        }
        return missing(object, name);
    }

    static Object item(Object object, Object key, Budget budget) {
        Operators.checkDefined(object);
        if (object instanceof Map<?, ?> map) {
            // An unhashable key is a TypeError of Python's, which Jinja takes for a missing item.
            if (!(key instanceof List<?> || key instanceof Map<?, ?>)) {
                Object known = Dicts.find(map, key, budget);
                if (known != Dicts.ABSENT) {
                    return map.get(known);
                }
            }
        } else if (Numbers.isInteger(key)) {
            Object element = element(object, key, budget);
            if (element != Dicts.ABSENT) {
                return element;
            }
        }
        if (key instanceof String name) {
            Object own = own(object, name);
            if (own != Dicts.ABSENT) {
                return own;
            }
        }
        return missing(object, key);
    }

    private static Object element(Object object, Object key, Budget budget) {
        List<?> items = Values.indexed(object);
        if (items == null && !(object instanceof String)) {
            return Dicts.ABSENT;
        }
        if (object instanceof String s) {
            budget.steps(s.length() >> 6);
        }
        int length = items == null ? Chars.length((String) object) : items.size();
        java.math.BigInteger index = Numbers.big(key);
        if (index.bitLength() > 31) {
            return Dicts.ABSENT;
        }
        int i = index.intValue() < 0 ? index.intValue() + length : index.intValue();
        if (i < 0 || i >= length) {
            return Dicts.ABSENT;
        }
        return items == null ? Chars.at((String) object, i) : items.get(i);
    }

    private static Undefined missing(Object object, Object key) {
        String shown =
                switch (key) {
                    case String s when s.length() < 100 -> " '" + s + "'";
                    case Long index -> " " + index;
                    case null, default -> " of that name";
                };
        return new Undefined("a " + Values.typeName(object) + " has no item or attribute" + shown);
    }

    /** An attribute in Python's sense, or {@link Dicts#ABSENT}. */
    private static Object own(Object object, String name) {
        if (object instanceof Namespace namespace) {
            return namespace.fields().containsKey(name) ? namespace.fields().get(name) : Dicts.ABSENT;
        }
        if (object instanceof Loop loop) {
            return loop(loop, name);
        }
        if (object instanceof TemplateObject.Macro || object instanceof TemplateObject.Builtin) {
            throw TemplateError.unsupported("the attribute '" + name + "' of a " + Values.typeName(object));
        }
        return Methods.exists(object, name) ? new Method(object, name) : Dicts.ABSENT;
    }

    private static Object loop(Loop loop, String name) {
        int size = loop.items.size();
        int index = loop.index;
        return switch (name) {
            case "index" -> (long) index + 1;
            case "index0" -> (long) index;
            case "revindex" -> (long) size - index;
            case "revindex0" -> (long) size - index - 1;
            case "first" -> index == 0;
            case "last" -> index == size - 1;
            case "length" -> (long) size;
            case "depth" -> 1L;
            case "depth0" -> 0L;
            case "previtem" -> index > 0 ? loop.items.get(index - 1) : new Undefined("there is no previous item");
            case "nextitem" -> index < size - 1 ? loop.items.get(index + 1) : new Undefined("there is no next item");
            case "cycle", "changed" -> new Method(loop, name);
            default -> Dicts.ABSENT;
        };
    }
}
