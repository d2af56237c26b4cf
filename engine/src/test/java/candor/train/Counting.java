package candor.train;

import candor.ops.Backend;
import candor.tensor.DType;
import candor.tensor.Workspace;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** A backend that does all that another does, and counts the bytes that are taken of it. */
final class Counting {
    private final Backend backend;
    private long allocated;
    private long workspace;

    Counting(Backend counted) {
        backend = (Backend) Proxy.newProxyInstance(
                Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (_, method, arguments) -> {
                    switch (method.getName()) {
                        case "allocate" ->
                            allocated +=
                                    (long) (int) arguments[1] * (int) arguments[2] * ((DType) arguments[0]).bytes();
                        case "workspace" -> workspace = Math.max(workspace, (long) arguments[0]);
                        default -> {}
                    }
                    try {
                        return method.invoke(counted, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    Backend backend() {
        return backend;
    }

    /** Of tensors that live as long as the backend. */
    long allocated() {
        return allocated;
    }

    /** Of the largest {@link Workspace}. */
    long workspace() {
        return workspace;
    }
}
