# The toolchain of every board: gcc for a bare Cortex-M3, picolibc for memcpy and its like, start-up of our own.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR cortex-m3)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_FLAGS_INIT "-mcpu=cortex-m3 -mthumb --specs=picolibc.specs")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-nostartfiles")

# add_image(NAME SOURCE...): NAME.elf for the board in the build's top folder, linked file by file.
# add_optimised_image: optimised across files instead, which saves a tenth of the flash. Objects hold both forms (-ffat-lto-objects).
function(add_image_with name options)
  add_executable(${name} ${ARGN})
  set_target_properties(${name} PROPERTIES SUFFIX .elf RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  target_link_options(${name} PRIVATE ${options} -Wl,-Map=${PROJECT_BINARY_DIR}/${name}.map)
  target_link_libraries(${name} PRIVATE board enrich)
endfunction()
macro(add_image name)
  add_image_with(${name} "-fno-lto;-fno-use-linker-plugin" ${ARGN})
endmacro()
macro(add_optimised_image name)
  add_image_with(${name} "-flto=auto" ${ARGN})
endmacro()
