package candor.text.template;

import candor.text.template.TemplateObject.DictView;
import candor.text.template.TemplateObject.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Python's dicts: a key is found by equality, so that 1, 1.0 and True are one key. */
final class Dicts {
    /** What {@link #find} gives where there is no such key; None may be one. */
    static final Object ABSENT = new Object();

    private Dicts() {}

    /** The key of the map that equals the given one. */
    static Object find(Map<?, ?> map, Object key, Budget budget) {
        if (key instanceof String || key == null) {
            return map.containsKey(key) ? key : ABSENT;
        }
        if (!(Numbers.isNumber(key) || key instanceof Tuple)) {
            if (key instanceof List<?> || key instanceof Map<?, ?>) {
                throw new TemplateError("a " + Values.typeName(key) + " cannot be a key");
            }
            return ABSENT;
        }
        for (Object candidate : map.keySet()) {
            if (Values.equal(candidate, key, budget)) {
                return candidate;
            }
        }
        return ABSENT;
    }

    static void put(Map<Object, Object> map, Object key, Object value, Budget budget) {
        if (!(key == null || key instanceof String || Numbers.isNumber(key) || key instanceof Tuple)) {
            throw new TemplateError("a " + Values.typeName(key) + " cannot be a key");
        }
        Object known = find(map, key, budget);
        map.put(known == ABSENT ? key : known, value);
    }

    static DictView items(Map<?, ?> map) {
        List<Object> items = new ArrayList<>(map.size());
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            List<Object> pair = new ArrayList<>(2);
            pair.add(entry.getKey());
            pair.add(entry.getValue());
            items.add(new Tuple(pair));
        }
        return new DictView("dict_items", items);
    }

    static DictView keys(Map<?, ?> map) {
        return new DictView("dict_keys", new ArrayList<>(map.keySet()));
    }

    static DictView values(Map<?, ?> map) {
        return new DictView("dict_values", new ArrayList<>(map.values()));
    }
}
