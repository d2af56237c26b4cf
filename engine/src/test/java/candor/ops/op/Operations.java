package candor.ops.op;

import java.util.Arrays;
import java.util.stream.Stream;

/** The records of all operations, which the compiler knows. */
public final class Operations {
    private Operations() {}

    public static Stream<Class<?>> all() {
        return all(Op.class);
    }

    private static Stream<Class<?>> all(Class<?> type) {
        return type.isSealed()
                ? Arrays.stream(type.getPermittedSubclasses()).flatMap(Operations::all)
                : Stream.of(type);
    }
}
