(module
  (type (func))
  (type (func (param i32)))
  (type (func (result i32)))
  (import "env" "memory" (memory 2 2 shared))
  (func $__wasm_call_ctors (type 0))
  (func $__wasm_init_tls (type 1) (param i32))
  (func $__wasm_init_memory (type 0)
    block
      block
        block
          i32.const 1032
          i32.const 0
          i32.const 1
          i32.atomic.rmw.cmpxchg
          br_table 0 1 2
        end
        i32.const 1024
        i32.const 0
        i32.const 8
        memory.fill
        i32.const 1032
        i32.const 2
        i32.atomic.store
        i32.const 1032
        i32.const -1
        memory.atomic.notify
        drop
        br 1
      end
      i32.const 1032
      i32.const 1
      i64.const -1
      memory.atomic.wait32
      drop
    end
  )
  (func $send (type 1) (param i32)
    i32.const 0
    local.get 0
    i32.store offset=1024
    i32.const 0
    i32.const 1
    i32.atomic.store offset=1028
  )
  (func $receive (type 2) (result i32) (local i32)
    i32.const 0
    i32.atomic.load offset=1028
    local.set 0
    i32.const 0
    i32.load offset=1024
    i32.const -1
    local.get 0
    select
  )
  (global $__stack_pointer (mut i32) i32.const 66576)
  (global $__tls_base (mut i32) i32.const 0)
  (global $__tls_size i32 i32.const 0)
  (global $__tls_align i32 i32.const 0)
  (global i32 i32.const 1024)
  (global i32 i32.const 1028)
  (global i32 i32.const 1024)
  (global i32 i32.const 1036)
  (global i32 i32.const 1024)
  (global i32 i32.const 66576)
  (global i32 i32.const 0)
  (global i32 i32.const 1)
  (global i32 i32.const 1032)
  (export "__wasm_call_ctors" (func 0))
  (export "__tls_size" (global 2))
  (export "__tls_align" (global 3))
  (export "__wasm_init_tls" (func 1))
  (export "send" (func 3))
  (export "data" (global 4))
  (export "flag" (global 5))
  (export "receive" (func 4))
  (export "__dso_handle" (global 6))
  (export "__data_end" (global 7))
  (export "__global_base" (global 8))
  (export "__heap_base" (global 9))
  (export "__memory_base" (global 10))
  (export "__table_base" (global 11))
  (export "__wasm_init_memory_flag" (global 12))
  (export "__wasm_init_memory" (func 2))
  (start 2)
)
